import {
  countParams,
  type Module,
  type ParamsOf,
  type Rescaling,
  type SpecNode,
  ValueError,
} from '@sshn/core';
import { requireFeatures } from '@sshn/layers';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { limits } from './config/network-config.js';
import type { Plan } from './config/plan.js';

/**
 * A network from images to logits of the same size.
 *
 * A deeply supervised one also has `outputs`: the same parameters, but all its predictions, the one that `apply` gives
 * first and then ever less important ones, of whatever size. A loss that trains them all gives the first the weight 1, the
 * next 1/2, then 1/4 …
 */
export interface SegmentationNetwork<Specs extends SpecNode> extends Module<Specs, Tensor, Tensor> {
  readonly outputs?: Module<Specs, Tensor, Tensor[]>;
}

/** What an architecture computes, its input already checked. Intermediate tensors need not be disposed of. */
export interface Computation<Specs extends SpecNode> {
  predict(params: ParamsOf<Specs>, image: Tensor, at: Rescaling): Tensor;
  /** All predictions, for deep supervision. */
  predictAll(params: ParamsOf<Specs>, image: Tensor, at: Rescaling): Tensor[];
}

/**
 * The network of an architecture: what it computes, with the checks and the memory management that all share.
 *
 * @throws {ValueError} if it has more parameters than fit; from `apply`, if the rescaling has another number of factors.
 * @throws {ShapeError} from `apply`, if the image's rank or channels do not fit.
 */
export function segmentationNetwork<Specs extends SpecNode>(
  plan: Plan,
  specs: Specs,
  { predict, predictAll }: Computation<Specs>,
): SegmentationNetwork<Specs> {
  requireSize(plan, specs);
  const checked = <Output extends Tensor | Tensor[]>(
    work: (params: ParamsOf<Specs>, image: Tensor, at: Rescaling) => Output,
  ): Module<Specs, Tensor, Output> => {
    return {
      specs,
      apply(params, image, at) {
        requireFeatures(plan.name, image, plan.rank, plan.inChannels);
        requireFactors(plan, at);
        return tidy(() => work(params, image, at));
      },
    };
  };
  const network = checked(predict);
  return plan.deepSupervision ? { ...network, outputs: checked(predictAll) } : network;
}

function requireSize({ name }: Plan, specs: SpecNode): void {
  const parameters = countParams(specs);
  if (parameters <= limits.parameters) return;
  throw new ValueError({
    where: `${name}: parameters`,
    got: parameters,
    expected: `at most ${limits.parameters}`,
    hint: 'Fewer features, stages or convolutions, or a smaller kernel, make them fewer.',
  });
}

function requireFactors({ name, widths }: Plan, { factors }: Rescaling): void {
  const steps = widths.length - 1;
  if (factors.length === 1 || factors.length === steps) return;
  throw new ValueError({
    where: `${name}: rescaling`,
    got: factors,
    expected: `one factor, or ${steps} (one per downsampling step)`,
  });
}
