/**
 * One axis of linear interpolation as a matrix, row-major `[toSize, fromSize]`, at most two entries a row.
 *
 * Output i looks at (i + ½) · fromSize / toSize − ½ (half-pixel centers), clamped to the first and last pixel. No
 * antialiasing.
 */
export function interpolationMatrix(fromSize: number, toSize: number): Float32Array {
  const matrix = new Float32Array(toSize * fromSize);
  for (let i = 0; i < toSize; i++) {
    const position = Math.min(Math.max(((i + 0.5) * fromSize) / toSize - 0.5, 0), fromSize - 1);
    const low = Math.floor(position);
    const high = Math.min(low + 1, fromSize - 1);
    matrix[i * fromSize + low]! += 1 - (position - low);
    matrix[i * fromSize + high]! += position - low;
  }
  return matrix;
}

/** The transpose of a row-major matrix of `rows` rows. */
export function transposed(matrix: Float32Array, rows: number): Float32Array {
  const columns = matrix.length / rows;
  const flipped = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      flipped[column * rows + row] = matrix[row * columns + column]!;
  }
  return flipped;
}
