import type { Module, ParamNode, ParamsOf, Rescaling, SpecNode } from '@sshn/core';
import { type ConvolutionSpecs, convolution, type Layer } from '@sshn/layers';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Plan } from '../config/plan.js';
import type { Computation } from '../segmentation-network.js';

type Head = Module<ConvolutionSpecs, Tensor, Tensor>;

/** Parameters of the predictions of a network with a decoder. */
export type HeadSpecs = {
  readonly head: ConvolutionSpecs;
  /** Of the coarser resolutions, the finest of them first; there under deep supervision. */
  readonly coarseHeads: readonly ConvolutionSpecs[];
};

/** A 1×1 convolution from so many features to the labels, without activation. */
export function head({ rank, outChannels }: Plan, features: number): Head {
  return convolution({ rank, inChannels: features, outChannels, kernelSize: 1 });
}

/** The predictions of a network with a decoder: at full resolution, and with deep supervision at all others. */
export function heads(plan: Plan): { readonly head: Head; readonly coarseHeads: readonly Head[] } {
  const { widths, deepSupervision } = plan;
  return {
    head: head(plan, widths[0]!),
    coarseHeads: deepSupervision ? widths.slice(1).map((width) => head(plan, width)) : [],
  };
}

interface HeadParts<Part> {
  readonly head: Part;
  readonly coarseHeads: readonly Part[];
}

/** What a network computes whose predictions are `heads` on the features of every resolution, the image's first. */
export function withHeads<Specs extends SpecNode>(
  modules: HeadParts<Layer>,
  featuresOf: (params: ParamsOf<Specs>, image: Tensor, at: Rescaling) => Tensor[],
): Computation<Specs> {
  return {
    predict(params, image, at) {
      const [finest] = tidy(() => featuresOf(params, image, at).slice(0, 1));
      return modules.head.apply(headsOf(params).head, finest!, at);
    },
    predictAll(params, image, at) {
      const { head, coarseHeads } = headsOf(params);
      return featuresOf(params, image, at).map((x, level) =>
        level === 0
          ? modules.head.apply(head, x, at)
          : modules.coarseHeads[level - 1]!.apply(coarseHeads[level - 1]!, x, at),
      );
    },
  };
}

/** The parameters of the predictions, which the compiler cannot see in those of any network. */
function headsOf(params: unknown): HeadParts<ParamNode> {
  return params as HeadParts<ParamNode>;
}
