/** Echo and speckle of resting tissue, which a frame only shifts. */
export interface EchoMap {
  /** Values of every pixel of a frame whose probe has moved by so many pixels, at most the margin. */
  at(down: number, right: number): (row: number, column: number) => TissueEcho;
}

/** What tissue sends back: how much on average, and the speckle on it. */
export interface TissueEcho {
  readonly echo: number;
  readonly grain: number;
}

/**
 * Keeps a function of the tissue on a grid of pixels that is wider than a frame, and interpolates it linearly.
 *
 * @param size `[height, width]` of a frame. @param margin Pixels on each side.
 */
export function echoMap(
  [height, width]: readonly [number, number],
  margin: number,
  tissue: (y: number, x: number) => TissueEcho,
): EchoMap {
  const columns = width + 2 * margin;
  const echoes = new Float32Array((height + 2 * margin) * columns);
  const grains = new Float32Array(echoes.length);
  for (let i = 0; i < echoes.length; i++) {
    const { echo, grain } = tissue(Math.floor(i / columns) - margin, (i % columns) - margin);
    echoes[i] = echo;
    grains[i] = grain;
  }
  return {
    at: (down, right) => {
      const [top, left] = [Math.floor(down), Math.floor(right)];
      const [v, u] = [down - top, right - left];
      const mix = (values: Float32Array, i: number) =>
        (1 - v) * ((1 - u) * values[i]! + u * values[i + 1]!) +
        v * ((1 - u) * values[i + columns]! + u * values[i + columns + 1]!);
      return (row, column) => {
        const i = (row + top + margin) * columns + column + left + margin;
        return { echo: mix(echoes, i), grain: mix(grains, i) };
      };
    },
  };
}
