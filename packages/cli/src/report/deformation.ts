import type { Image } from '@sshn/data';

/** How many squares of a checkerboard there are along the longer side of an image. */
const squaresAcross = 8;

/** Two images in squares in turn, the first one in the top left corner: edges go on where they are aligned. */
export function checkerboard(a: Image, b: Image): Image {
  const [height, width] = a.size.slice(-2) as [number, number];
  const edge = Math.max(1, Math.ceil(Math.max(height, width) / squaresAcross));
  return {
    ...a,
    values: a.values.map((value, i) => {
      const pixel = Math.floor(i / a.channels);
      const square =
        Math.floor((Math.floor(pixel / width) % height) / edge) + Math.floor((pixel % width) / edge);
      return square % 2 === 0 ? value : b.values[i]!;
    }),
  };
}

/** Where two images differ, and how much. */
export function difference(a: Image, b: Image): Image {
  return { ...a, values: a.values.map((value, i) => Math.abs(value - b.values[i]!)) };
}
