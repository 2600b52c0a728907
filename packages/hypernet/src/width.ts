import { type Narrowable, namedSpecs, type ParamSpec, type Setting, ValueError } from '@sshn/core';
import { concat, mul, slice, type Tensor } from '@tensorflow/tfjs-core';

/**
 * The weights that a narrower network takes of a wide one's: the first features of every stage, and of a concatenation the first
 * of each part. Kernels grow by √(fan-in / fan-in of the narrow one): so activations keep their variance, as He initialization
 * asks, at every width.
 *
 * @param specOf The wide network's specs by path.
 * @throws {ValueError} if the narrower network has a parameter that the wide one lacks.
 *
 * *Source* of taking the first features: Yu et al., "Slimmable neural networks" (2019).
 */
export function narrowWeights(
  weights: ReadonlyMap<string, Tensor>,
  specOf: ReadonlyMap<string, ParamSpec>,
  narrow: Narrowable,
): Map<string, Tensor> {
  return new Map(
    namedSpecs(narrow.specs).map(([path, to]) => {
      const from = specOf.get(path);
      if (from === undefined) {
        throw new ValueError({
          where: 'setting: width',
          got: path,
          expected: 'parameters that the whole network has too',
          hint: 'A residual connection needs a projection at this width alone: use more features than the image has channels.',
        });
      }
      return [path, narrowed(weights.get(path)!, from, to)];
    }),
  );
}

function narrowed(whole: Tensor, from: ParamSpec, to: ParamSpec): Tensor {
  const cut = from.axes.reduce((x, name, axis) => {
    if (from.shape[axis] === to.shape[axis]) return x;
    const isJoined = name === 'inChannels' && from.parts !== undefined && to.parts !== undefined;
    return isJoined ? firstOfParts(x, axis, from.parts, to.parts) : firstOf(x, axis, 0, to.shape[axis]!);
  }, whole);
  const scale = to.role === 'kernel' ? Math.sqrt(from.fanIn / to.fanIn) : 1;
  return scale === 1 ? cut : mul(cut, scale);
}

function firstOfParts(x: Tensor, axis: number, from: readonly number[], to: readonly number[]): Tensor {
  let start = 0;
  const parts = from.map((count, i) => {
    const part = firstOf(x, axis, start, to[i]!);
    start += count;
    return part;
  });
  return concat(parts, axis);
}

function firstOf(x: Tensor, axis: number, start: number, count: number): Tensor {
  const begin = x.shape.map((_, i) => (i === axis ? start : 0));
  return slice(
    x,
    begin,
    x.shape.map((size, i) => (i === axis ? count : size)),
  );
}

/** Refuses a width below 1 of a network that was not made for it. */
export function requireWidth({ width }: Setting, hasWidths: boolean): void {
  if (width === 1 || hasWidths) return;
  throw new ValueError({
    where: 'setting: width',
    got: width,
    expected: '1, as this network was not made for others',
    hint: "hypernetize(network, { knobs: ['width'] }) makes one; train it with a range of widths.",
  });
}
