/** A convolution of stride 1 that keeps the size, its axes as three: planes have a depth of 1. */
export interface Geometry {
  readonly batch: number;
  /** Depth, height, width of the maps. */
  readonly size: readonly [number, number, number];
  /** Of the window. */
  readonly window: readonly [number, number, number];
  readonly inChannels: number;
  readonly outChannels: number;
}

/** From x `[batch, (depth,) height, width, in]` and kernel `[(depth,) height, width, in, out]`. */
export function geometryOf(x: readonly number[], kernel: readonly number[]): Geometry {
  const [inChannels, outChannels] = kernel.slice(-2) as [number, number];
  return {
    batch: x[0]!,
    size: volume(x.slice(1, -1)),
    window: volume(kernel.slice(0, -2)),
    inChannels,
    outChannels,
  };
}

/** Places of the maps, all images together. */
export function placesOf({ batch, size }: Geometry): number {
  return batch * size[0] * size[1] * size[2];
}

function volume(edges: readonly number[]): [number, number, number] {
  return edges.length === 2 ? [1, edges[0]!, edges[1]!] : [edges[0]!, edges[1]!, edges[2]!];
}
