import {
  countParams,
  disposeParams,
  namedParams,
  type ParamsOf,
  paramTree,
  type Setting,
  type SpecNode,
  setting,
} from '@sshn/core';
import { curveDirections, type HypernetworkConfig, type Scalable, type ScalableSpecs } from '@sshn/hypernet';
import { clone, matMul, slice, type Tensor, type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';
import type { ManifestInput } from './manifest/schema.js';
import { networkOf } from './network-of.js';

/**
 * Largest error of a predicted tensor, beside the tensor's norm: rounding of 32-bit floats and a little more, or what rounding
 * to 16 bits does to a tensor.
 */
const tolerances = { float32: 1e-5, float16: 2e-4 } as const;

/** Share of the numbers that a compact form may have to be worth a file that is not the same to the bit. */
const worthwhile = 0.85;

/** Settings at which the compact network is compared with the whole one; 0 and 1 are the first two. */
const settings = 17;

/** A model whose heads read some directions of the last hidden layer. */
interface Compact {
  readonly manifest: ManifestInput;
  /** The caller owns them. */
  readonly params: ParamsOf<SpecNode>;
}

/**
 * The same network in the form in which it is shipped: every head projected onto the directions that the last hidden layer
 * takes (`curveDirections` of @sshn/hypernet), which make the file several times smaller and a setting as much faster. There
 * are as few directions as keep every predicted tensor to 10⁻⁵ of its norm (2·10⁻⁴ where weights are rounded to 16 bits after)
 * at each of 17 settings.
 *
 * @returns undefined where there is no hypernetwork, it is compact already, or the form would save little.
 */
export async function compactModel(
  params: ParamsOf<SpecNode>,
  manifest: ManifestInput,
  dtype: keyof typeof tolerances,
): Promise<Compact | undefined> {
  const { method } = manifest;
  if (!('hypernetwork' in method)) return undefined;
  const isCompact = method.hypernetwork.directions !== undefined;
  if (isCompact && (dtype === 'float32' || manifest.rounded !== undefined)) return undefined;
  const whole = networkOf(manifest);
  // Checked by saveModel: the parameters are those of the manifest's network.
  const exact = params as ParamsOf<ScalableSpecs>;
  const { knobs } = manifest.network;
  const taken = { ...method.hypernetwork, ...(knobs === undefined ? {} : { knobs }) };
  const projected = isCompact ? new Map<string, Tensor>() : await project(exact, taken);
  if (projected === undefined) return undefined;
  const all = new Map([...namedParams(params), ...projected]);
  const most = all.get('hypernetwork.directions')!.shape[0]!;
  const errorOf = async (count: number, at: Setting) => {
    const near = firstDirections(all, count, manifest, method);
    try {
      return await largestError(at, [whole, exact], [networkOf(near.manifest), near.params]);
    } finally {
      disposeParams(near.params);
    }
  };
  try {
    let count = 0;
    for (const at of comparedSettings(taken)) {
      const isEnough = async (n: number) => (await errorOf(n, at)) <= tolerances[dtype];
      if (count > 0 && (await isEnough(count))) continue;
      if (!(await isEnough(most))) return undefined;
      // Errors fall with each direction, or nearly so: bisection.
      let tooFew = count;
      for (count = most; count - tooFew > 1; ) {
        const middle = (count + tooFew) >> 1;
        if (await isEnough(middle)) count = middle;
        else tooFew = middle;
      }
    }
    const compact = firstDirections(all, count, manifest, method);
    const share = countParams(networkOf(compact.manifest).specs) / countParams(whole.specs);
    // What is rounded anyway is not the same to the bit.
    if (dtype === 'float16' || share <= worthwhile) return compact;
    disposeParams(compact.params);
    return undefined;
  } finally {
    for (const one of projected.values()) one.dispose();
  }
}

/** Heads in all directions that the last hidden layer takes, and these, the first of which matter most. */
async function project(
  params: ParamsOf<ScalableSpecs>,
  hypernetwork: Parameters<typeof curveDirections>[1],
): Promise<Map<string, Tensor> | undefined> {
  const found = await curveDirections(params.hypernetwork, hypernetwork);
  if (found === undefined) return undefined;
  const basis = tensor2d(found.values, [found.count, found.width]);
  const heads = [...namedParams(params)]
    .filter(([path]) => isHead.test(path))
    .map(([path, one]) => [path, matMul(one as Tensor2D, basis, false, true)] as const);
  return new Map<string, Tensor>([['hypernetwork.directions', basis], ...heads]);
}

const isHead = /^hypernetwork\.heads\..*\.weight$/;

function firstDirections(
  all: ReadonlyMap<string, Tensor>,
  count: number,
  manifest: ManifestInput,
  method: Extract<ManifestInput['method'], { hypernetwork: unknown }>,
): Compact {
  const compact = {
    ...manifest,
    method: { ...method, hypernetwork: { ...method.hypernetwork, directions: count } },
  };
  const tensors = new Map<string, Tensor>();
  for (const [path, one] of all) {
    if (isHead.test(path)) tensors.set(path, slice(one, [0, 0], [-1, count]));
    else tensors.set(path, path === 'hypernetwork.directions' ? slice(one, 0, count) : clone(one));
  }
  return { manifest: compact, params: paramTree(networkOf(compact).specs, tensors) };
}

/** Settings all over [0, 1]; of several inputs each in an order of its own. */
function comparedSettings({
  factors = 1,
  conditions = 0,
  knobs = [],
}: Pick<HypernetworkConfig, 'factors' | 'conditions' | 'knobs'>): Setting[] {
  const order = [0, settings - 1, ...Array.from({ length: settings - 2 }, (_, i) => i + 1)];
  const input = (i: number, axis: number) => order[(i * (axis + 1) + 5 * axis) % settings]! / (settings - 1);
  return order.map((_, i) =>
    setting({
      factor: Array.from({ length: factors }, (__, axis) => input(i, axis)),
      conditions: Array.from({ length: conditions }, (__, axis) => input(i, factors + axis)),
      ...Object.fromEntries(
        knobs.map((knob, axis) => [knob, Math.max(0.01, input(i, factors + conditions + axis))]),
      ),
    }),
  );
}

/** The largest error of a predicted tensor beside its norm. */
async function largestError(
  at: Setting,
  [whole, wholeParams]: readonly [Scalable, ParamsOf<SpecNode>],
  [compact, compactParams]: readonly [Scalable, ParamsOf<SpecNode>],
): Promise<number> {
  const exact = whole.specialize(wholeParams as ParamsOf<ScalableSpecs>, at);
  const near = compact.specialize(compactParams as ParamsOf<ScalableSpecs>, at);
  const others = namedParams(near);
  let largest = 0;
  for (const [path, one] of namedParams(exact)) {
    const [a, b] = await Promise.all([one.data(), others.get(path)!.data()]);
    let [difference, norm] = [0, 0];
    for (const [j, value] of a.entries()) {
      difference += (value - b[j]!) ** 2;
      norm += value ** 2;
    }
    if (difference > 0) largest = Math.max(largest, Math.sqrt(difference / norm));
  }
  disposeParams(exact);
  disposeParams(near);
  return largest;
}
