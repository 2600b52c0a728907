import { type ParamsOf, paramTree, type SpecNode, setting } from '@sshn/core';
import { encodeSetting } from '@sshn/hypernet';
import { type LoadedModel, type ManifestInput, type Model, networkOf } from '@sshn/model';
import { defaultSlope } from '@sshn/ops';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/** φ at which the hypernetwork is looked at. */
const grid = 101;

/** A model with narrower heads, and how far its weights are from those before. */
export interface Compacted {
  readonly model: Model<SpecNode>;
  /** The largest difference of predicted parts over the grid of φ, relative to their largest length. */
  readonly error: number;
}

/**
 * The same network with heads on the first `rank` directions of the last hidden layer ĥ.
 *
 * Over the range of φ, ĥ draws a short curve, which few directions span. One more hidden layer, V·h, has them as its rows; each
 * head W becomes W·Vᵀ. The rows are turned so that all entries of V·h are positive, where the layer's LeakyReLU changes
 * nothing; that ĥ is divided by its root mean square is made up for by √(width / rank).
 *
 * @param loaded Of the method 'sshn' with one factor; its tensors stay the caller's. @param rank At least 1.
 * @throws {Error} if the curve leaves the positive cone.
 */
export async function compactHeads({ manifest, params }: LoadedModel, rank: number): Promise<Compacted> {
  const { method, prior } = manifest;
  if (method.kind !== 'sshn' || prior.kind !== 'uniform')
    throw new Error('Heads are of models with the method sshn.');
  const { hypernetwork } = method;
  const width = hypernetwork.hidden.at(-1)!;
  const read = async (path: string) => (await params.get(path)!.data<'float32'>()).slice();
  const layers = await Promise.all(
    hypernetwork.hidden.map(async (_, i) => ({
      kernel: await read(`hypernetwork.hidden.${i}.kernel`),
      bias: await read(`hypernetwork.hidden.${i}.bias`),
    })),
  );
  const hiddenAt = (factor: number): number[] =>
    layers.reduce<number[]>(
      (x, { kernel, bias }) =>
        Array.from(bias, (b, out) => {
          const z = x.reduce((sum, value, i) => sum + value * kernel[i * bias.length + out]!, b);
          return z < 0 ? defaultSlope * z : z;
        }),
      encodeSetting(setting(factor), hypernetwork, hypernetwork.encoding),
    );
  const curve = Array.from({ length: grid }, (_, i) => {
    const h = hiddenAt(prior.low + (i / (grid - 1)) * (prior.high - prior.low));
    const length = Math.hypot(...h);
    return h.map((value) => value / length);
  });
  const rows = positive(directions(curve, rank), curve);
  const stretch = Math.sqrt(width / rank);

  const compact: ManifestInput = {
    ...manifest,
    method: { ...method, hypernetwork: { ...hypernetwork, hidden: [...hypernetwork.hidden, rank] } },
  };
  const named = new Map<string, Tensor>();
  const project = (vector: ArrayLike<number>, at: number, row: readonly number[]): number =>
    row.reduce((sum, value, i) => sum + value * vector[at + i]!, 0);
  for (const [path, value] of params) {
    if (!/^hypernetwork\.heads\..*\.weight$/.test(path)) {
      named.set(path, value.clone());
      continue;
    }
    const weight = await read(path);
    const outputs = weight.length / width;
    const narrow = Float32Array.from(
      { length: outputs * rank },
      (_, i) => stretch * project(weight, Math.floor(i / rank) * width, rows[i % rank]!),
    );
    named.set(path, tensor(narrow, [outputs, rank]));
  }
  const last = `hypernetwork.hidden.${hypernetwork.hidden.length}`;
  const kernel = Float32Array.from(
    { length: width * rank },
    (_, i) => rows[i % rank]![Math.floor(i / rank)]!,
  );
  named.set(`${last}.kernel`, tensor(kernel, [width, rank]));
  named.set(`${last}.bias`, tensor(new Float32Array(rank), [rank]));
  const { specs } = networkOf(compact);
  const tree = paramTree(specs, named) as ParamsOf<SpecNode>;
  return { model: { specs, params: tree, manifest: compact }, error: distance(curve, rows) };
}

/** The first principal directions of unit vectors, by power iterations on what is left. */
function directions(curve: readonly (readonly number[])[], rank: number): number[][] {
  const width = curve[0]!.length;
  const found: number[][] = [];
  let rest = curve.map((h) => [...h]);
  for (let k = 0; k < rank; k++) {
    let v = Array.from({ length: width }, (_, i): number => (i === k % width ? 1 : 0.1));
    for (let turn = 0; turn < 2000; turn++) {
      const next = new Array<number>(width).fill(0);
      for (const h of rest) {
        const along = dot(h, v);
        for (let i = 0; i < width; i++) next[i]! += along * h[i]!;
      }
      const length = Math.hypot(...next);
      if (length === 0) break;
      v = next.map((value) => value / length);
    }
    // Orthogonal to those before, to rounding.
    for (const other of found) {
      const along = dot(v, other);
      v = v.map((value, i) => value - along * other[i]!);
    }
    const length = Math.hypot(...v);
    v = v.map((value) => value / length);
    found.push(v);
    rest = rest.map((h) => {
      const along = dot(h, v);
      return h.map((value, i) => value - along * v[i]!);
    });
  }
  return found;
}

/** The same span, turned so that the middle of the curve is (1, …, 1): by a reflection that swaps the two. */
function positive(rows: readonly (readonly number[])[], curve: readonly (readonly number[])[]): number[][] {
  const rank = rows.length;
  const middle = rows.map((row) => curve.reduce((sum, h) => sum + dot(row, h), 0));
  const length = Math.hypot(...middle);
  const swap = middle.map((value) => value / length - 1 / Math.sqrt(rank));
  const norm = Math.hypot(...swap);
  const turned =
    norm < 1e-12
      ? rows.map((row) => [...row])
      : rows.map((_, k) =>
          rows[0]!.map((__, i) =>
            rows.reduce((sum, row, j) => {
              const entry = (j === k ? 1 : 0) - (2 * swap[k]! * swap[j]!) / norm ** 2;
              return sum + entry * row[i]!;
            }, 0),
          ),
        );
  const least = Math.min(...turned.flatMap((row) => curve.map((h) => dot(row, h))));
  if (least <= 0)
    throw new Error(`The hidden layer leaves the positive cone by ${-least}: take another rank.`);
  return turned;
}

/** How far the curve is from its projection, at most. */
function distance(curve: readonly (readonly number[])[], rows: readonly (readonly number[])[]): number {
  return Math.max(
    ...curve.map((h) => {
      const along = rows.map((row) => dot(row, h));
      const length = Math.hypot(...along);
      return Math.hypot(
        ...h.map((value, i) => value - rows.reduce((sum, row, k) => sum + (along[k]! / length) * row[i]!, 0)),
      );
    }),
  );
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
