import {
  countParams,
  disposeParams,
  namedParams,
  type ParamsOf,
  paramTree,
  rescaling,
  type SpecNode,
} from '@sshn/core';
import { curveDirections, type ScalableSpecs } from '@sshn/hypernet';
import { clone, matMul, type Tensor, type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';
import type { Manifest, ManifestInput } from './manifest/schema.js';
import { networkOf } from './network-of.js';

/** Largest error of a predicted tensor, beside the tensor's norm: rounding of 32-bit floats and a little more. */
const tolerance = 1e-5;

/** Share of the numbers that a compact form may have to be worth a file that is not the same to the bit. */
const worthwhile = 0.85;

/** Settings at which the compact network is compared with the whole one; off every grid. */
const probes = [0, 0.0123, 0.157, 0.25, 0.3737, 0.5, 0.71, 1];

/** A model whose heads read some directions of the last hidden layer. */
interface Compact {
  readonly manifest: ManifestInput;
  /** The caller owns them. */
  readonly params: ParamsOf<SpecNode>;
}

/**
 * The same network in the form in which it is shipped: every head projected onto the directions that the last hidden layer
 * takes (`curveDirections` of @sshn/hypernet), which make the file several times smaller and a setting as much faster. It is
 * compared with the whole one at eight settings: no predicted tensor differs by more than 10⁻⁵ of its norm.
 *
 * @returns undefined where there is no hypernetwork, it is compact already, or the form would save little.
 */
export async function compactModel(
  params: ParamsOf<SpecNode>,
  manifest: ManifestInput,
): Promise<Compact | undefined> {
  const { method } = manifest;
  if (!('hypernetwork' in method) || method.hypernetwork.directions !== undefined) return undefined;
  const whole = networkOf(manifest);
  // Checked by saveModel: the parameters are those of the manifest's network.
  const tree = params as ParamsOf<ScalableSpecs>;
  const found = await curveDirections(tree.hypernetwork, method.hypernetwork);
  if (found === undefined) return undefined;
  const compact = {
    ...manifest,
    method: { ...method, hypernetwork: { ...method.hypernetwork, directions: found.count } },
  };
  const { specs } = networkOf(compact);
  if (countParams(specs) > worthwhile * countParams(whole.specs)) return undefined;
  const basis = tensor2d(found.values, [found.count, found.width]);
  const tensors = new Map<string, Tensor>([['hypernetwork.directions', basis]]);
  for (const [path, one] of namedParams(params)) {
    const isHead = /^hypernetwork\.heads\..*\.weight$/.test(path);
    tensors.set(path, isHead ? matMul(one as Tensor2D, basis, false, true) : clone(one));
  }
  const projected = paramTree(specs, tensors);
  if ((await largestError(whole, tree, compact, projected)) <= tolerance) {
    return { manifest: compact, params: projected };
  }
  disposeParams(projected);
  return undefined;
}

async function largestError(
  whole: ReturnType<typeof networkOf>,
  params: ParamsOf<ScalableSpecs>,
  compact: Pick<Manifest, 'network' | 'method'>,
  projected: ParamsOf<ScalableSpecs>,
): Promise<number> {
  const { method } = compact;
  const { factors, conditions } =
    'hypernetwork' in method ? method.hypernetwork : { factors: 1, conditions: 0 };
  const network = networkOf(compact);
  let largest = 0;
  for (const [i] of probes.entries()) {
    const probe = (axis: number) => probes[(i + 3 * axis) % probes.length]!;
    const at = rescaling(
      Array.from({ length: factors }, (_, axis) => probe(axis)),
      { conditions: Array.from({ length: conditions }, (_, axis) => probe(factors + axis)) },
    );
    const [exact, near] = [whole.specialize(params, at), network.specialize(projected, at)];
    const others = namedParams(near);
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
  }
  return largest;
}
