import {
  namedParams,
  namedSpecs,
  type ParamSpec,
  type ParamsOf,
  paramTree,
  type SpecNode,
  zeros,
} from '@sshn/core';
import { valueAndGradients } from '@sshn/ops';
import { dispose, mul, reshape, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/** A computation that every backend has to do alike: tensors by name, all of them its own. */
export interface Case {
  readonly name: string;
  run(): ReadonlyMap<string, Tensor>;
  /** What comes out in float64, where that is known: compared instead of what the cpu backend gives. */
  exact?(): ReadonlyMap<string, readonly number[]>;
  /** How far off results may be. @default what the backend is held to */
  readonly tolerance?: number;
}

/** Numbers without pattern in [−2, 2] · scale, the same everywhere. */
export function wave(shape: readonly number[], seed = 1, scale = 1): Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  const values = Float32Array.from(
    { length: size },
    (_, i) => scale * (Math.sin(0.37 * i + seed) + Math.cos(0.0031 * i * i + 0.7 * seed)),
  );
  return tensor(values, [...shape]);
}

/** Label maps that hold every label, unequally often. */
export function labelWave(shape: readonly number[], labels: number): Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  const values = Int32Array.from({ length: size }, (_, i) =>
    Math.floor((labels - 1e-3) * (0.5 + 0.5 * Math.sin(0.21 * i + 0.0013 * i * i)) ** 2),
  );
  return tensor(values, [...shape], 'int32');
}

/** The description of a tensor that a gradient is wanted to. */
export function specOf(shape: readonly number[], fanIn = 1): ParamSpec {
  return {
    kind: 'param',
    role: 'kernel',
    axes: shape.map((_, axis) => `axis ${axis}`),
    shape,
    fanIn,
    init: zeros,
  };
}

/** Parameters of about the size that a layer's fan-in asks for, none of them 0. */
export function waveParams<Specs extends SpecNode>(specs: Specs): ParamsOf<Specs> {
  const named = namedSpecs(specs).map(
    ([path, { shape, fanIn }], i) => [path, wave(shape, i + 1, 1 / Math.sqrt(fanIn))] as const,
  );
  return paramTree(specs, new Map(named));
}

/** What a function makes of its inputs, and the gradient to each of a weighted sum of that. */
export function probe(
  shapes: Readonly<Record<string, readonly number[]>>,
  f: (inputs: Readonly<Record<string, Tensor>>) => Tensor,
): Map<string, Tensor> {
  const specs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, specOf(shape)]));
  return probeTree(specs, f);
}

/** The same for a tree of inputs. */
export function probeTree<Specs extends SpecNode>(
  specs: Specs,
  f: (params: ParamsOf<Specs>) => Tensor,
): Map<string, Tensor> {
  const params = waveParams(specs);
  const y = tidy(() => f(params));
  const { value, gradients } = valueAndGradients(params, (p) => {
    const flat = reshape(f(p), [-1]);
    return sum(mul(flat, weights(flat.size)));
  });
  dispose([value, params as unknown as Tensor]);
  return new Map([
    ['y', y],
    ...[...namedParams(gradients)].map(([path, g]) => [`gradient to ${path}`, g] as const),
  ]);
}

const weights = (size: number): Tensor =>
  tensor(Float32Array.from({ length: size }, (_, i) => Math.sin(1 + 1.7 * i) + 0.3));
