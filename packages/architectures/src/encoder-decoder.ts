import {
  countParams,
  isParamSpec,
  type Module,
  type Network,
  type ParamNode,
  type ParamSpec,
  type ParamsOf,
  rescaledSize,
  type Setting,
  type SpecNode,
  type SpecTree,
  scoped,
  ValueError,
} from '@sshn/core';
import {
  averagePooling,
  type ConvolutionInput,
  type ConvolutionSpecs,
  convolution,
  downsample,
  maximumPooling,
  sequential,
  stridedConvolution,
  upsample,
} from '@sshn/layers';
import { convolvesJoined, requireFeatures, resizeLinear } from '@sshn/ops';
import { concat, dispose, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { BlockConfig, BlockSpecs } from './block.js';
import { limits } from './options.js';
import { type Plan, shareOf } from './plan.js';

/** Parameters of an encoder–decoder; entry 0 of each list is at the image's resolution, entry 1 one step below, … */
export type EncoderDecoderSpecs<Stage extends SpecNode, DecoderStage extends SpecNode = Stage> = {
  readonly encoder: readonly Stage[];
  /** Empty ones but for downsampling by strided convolutions. */
  readonly down: readonly SpecNode[];
  /** One less than the encoder has. */
  readonly decoder: readonly DecoderStage[];
  readonly head: ConvolutionSpecs;
  /** With deep supervision, of the resolutions below the image's. */
  readonly coarseHeads: readonly ConvolutionSpecs[];
};

/** Makes the layers of one resolution, from so many channels to so many. */
export type Stage<Specs extends SpecNode> = (inChannels: number, outChannels: number) => Module<Specs>;

/**
 * The network that U-Net, ResUNet, PSPNet and SENet are, each with stages of its own:
 *
 * ```
 * image → encoder.0 ─────────────────────────── skip ─→ concat → decoder.0 → head → logits
 *            ↓ down.0: φ₀                                  ↑ up: to the size of the skip
 *         encoder.1 ─────────────── skip ─→ concat → decoder.1 → coarseHeads.0
 *            ↓ down.1: φ₁                      ↑ up
 *         encoder.2 ──────────────────────────→ · → coarseHeads.1
 * ```
 *
 * Every stage has the features that the plan says. The heads are 1×1 convolutions without activation, the coarse ones for
 * deep supervision.
 *
 * @param readsJoined Whether a stage of the decoder only convolves what it reads: it then gets the two maps of `concat` as they are,
 * where the backend convolves them faster so.
 */
export function encoderDecoder<Encoder extends SpecNode, Decoder extends SpecNode = Encoder>(
  plan: Plan,
  encoderStage: Stage<Encoder>,
  decoderStage: Stage<Decoder>,
  { readsJoined = false }: { readonly readsJoined?: boolean } = {},
): Network<EncoderDecoderSpecs<Encoder, Decoder>> {
  const { inChannels, widths, deepSupervision } = plan;
  const { modules, specs } = scoped({
    encoder: widths.map((width, level) => encoderStage(widths[level - 1] ?? inChannels, width)),
    down: downsampling(plan),
    decoder: widths.slice(1).map((below, level) => {
      const skip = widths[level]!;
      return ofParts(decoderStage(below + skip, skip), [below, skip]);
    }),
    head: head(plan, widths[0]!),
    coarseHeads: deepSupervision ? widths.slice(1).map((width) => head(plan, width)) : [],
  });
  type Params = ParamsOf<EncoderDecoderSpecs<Encoder, Decoder>>;
  const decoder: ReadonlyArray<Module<SpecNode, ConvolutionInput, Tensor>> = modules.decoder;

  /** The features that the heads read, the image's resolution first. */
  function featuresOf(params: Params, image: Tensor, at: Setting): Tensor[] {
    const features = encode(modules, params, image, at);
    for (let level = decoder.length - 1; level >= 0; level--) {
      const skip = features[level]!;
      const parts = { low: features[level + 1]!, skip };
      const stage = (x: ConvolutionInput) => decoder[level]!.apply(params.decoder[level]!, x, at);
      if (readsJoined && convolvesJoined(parts)) {
        features[level] = stage(parts);
        dispose(skip);
      } else {
        const joined = tidy(() => concat([upsampleTo(skip, parts.low, at), skip], skip.rank - 1));
        dispose(skip); // Volumes of full resolution are large: keep only those that are still read.
        features[level] = stage(joined);
        dispose(joined);
      }
    }
    return features;
  }

  return network(plan, specs, {
    predict(params, image, at) {
      const [finest] = tidy(() => featuresOf(params, image, at).slice(0, 1));
      return modules.head.apply(params.head, finest!, at);
    },
    predictAll: (params, image, at) =>
      featuresOf(params, image, at).map((x, level) =>
        level === 0
          ? modules.head.apply(params.head, x, at)
          : modules.coarseHeads[level - 1]!.apply(params.coarseHeads[level - 1]!, x, at),
      ),
  });
}

/**
 * A module whose input is a concatenation: its specs say so, wherever they read that input, so that a narrower network takes the first
 * channels of each part, not the first of all.
 *
 * @param parts Channels of each part, in order. Where a part is a concatenation itself, what is known of it stands in its place.
 */
export function ofParts<M extends Module>(module: M, parts: readonly number[]): M {
  const total = sum(parts);
  const told = (spec: ParamSpec): ParamSpec => {
    const known = spec.parts ?? [spec.shape[spec.axes.indexOf('inChannels')] ?? 0];
    const first = known[0]!;
    return first === total ? { ...spec, parts: [...parts, ...known.slice(1)] } : spec;
  };
  const walk = (node: SpecNode): SpecNode => {
    if (isParamSpec(node)) return told(node);
    if (Array.isArray(node)) return node.map(walk);
    return Object.fromEntries(Object.entries(node as SpecTree).map(([name, below]) => [name, walk(below)]));
  };
  return { ...module, specs: walk(module.specs) };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * The convolutions of one resolution, as many as the plan says; `last` is what differs in the last one. `freesInput` as of
 * `sequential`: a volume of full resolution is large.
 */
export function convolutions(
  plan: Plan,
  { last, freesInput = false }: { readonly last?: Partial<BlockConfig>; readonly freesInput?: boolean } = {},
): Stage<readonly BlockSpecs[]> {
  const { convolutionsPerStage: count, block } = plan;
  return (inChannels, outChannels) =>
    sequential(
      Array.from({ length: count }, (_, i) =>
        block(i === 0 ? inChannels : outChannels, outChannels, i === count - 1 ? last : {}),
      ),
      { freesInput },
    );
}

/** The steps down between the stages of an encoder; step 0 follows the stage of full resolution. */
export function downsampling({ downsampling: kind, rank, kernelSize, widths }: Plan): Module[] {
  return widths.slice(0, -1).map((width, step): Module => {
    if (kind === 'linear') return downsample({ step });
    if (kind === 'max') return maximumPooling({ step });
    if (kind === 'average') return averagePooling({ step });
    return stridedConvolution({ step, rank, inChannels: width, outChannels: width, kernelSize });
  });
}

/** Stages of an encoder and the steps down between them, or their parameters. */
interface EncoderParts<Part> {
  readonly encoder: readonly Part[];
  readonly down: readonly Part[];
}

/** Runs an encoder: a stage, a step down, a stage … Returns the features of every stage, the image's resolution first. */
export function encode(
  modules: EncoderParts<Module>,
  params: EncoderParts<ParamNode>,
  image: Tensor,
  at: Setting,
): Tensor[] {
  let x = image;
  return modules.encoder.map((stage, level) => {
    x = tidy(() => {
      const step = level - 1;
      const smaller = level === 0 ? x : modules.down[step]!.apply(params.down[step]!, x, at);
      return stage.apply(params.encoder[level]!, smaller, at);
    });
    return x;
  });
}

const { up } = scoped({ up: upsample() }).modules;

/** Brings features to the size of others by linear interpolation. */
export function upsampleTo(like: Tensor, x: Tensor, at: Setting): Tensor {
  return up.apply({}, { x, size: like.shape.slice(1, -1) }, at);
}

/** A 1×1 convolution from so many features to the labels, without activation. */
export function head({ rank, outChannels }: Plan, features: number): Module<ConvolutionSpecs> {
  return convolution({ rank, inChannels: features, outChannels, kernelSize: 1 });
}

/** What an architecture computes, its input already checked. Intermediate tensors need not be disposed of. */
interface Computation<Specs extends SpecNode> {
  predict(params: ParamsOf<Specs>, image: Tensor, at: Setting): Tensor;
  /** All predictions, for deep supervision. */
  predictAll(params: ParamsOf<Specs>, image: Tensor, at: Setting): Tensor[];
}

/**
 * The network of an architecture: what it computes, with what all share: checks, memory, widths, and the resolution that it
 * sees images at. Below 1 the image is made smaller first, and what is predicted is brought back to its size.
 *
 * @throws {ValueError} if it has more parameters than `limits` allows; from `apply`, if the setting has another number of
 * factors.
 * @throws {ShapeError} from `apply`, if the image's rank or channels do not fit.
 */
export function network<Specs extends SpecNode>(
  plan: Plan,
  specs: Specs,
  { predict, predictAll }: Computation<Specs>,
): Network<Specs> {
  const { name, rank, inChannels, outChannels } = plan;
  const steps = plan.widths.length - 1;
  requireRoom(name, specs);
  const narrow = oncePerWidth(plan);
  /**
   * @param work For an image at the resolution that the network sees.
   * @param brought Brings its output back to the image's size.
   * @param same The same of a narrower network.
   */
  const atEverySetting = <Output extends Tensor | Tensor[]>(
    work: (params: ParamsOf<Specs>, image: Tensor, at: Setting) => Output,
    brought: (output: Output, image: Tensor, at: Setting) => Output,
    same: (narrower: Network) => Module<SpecNode, Tensor, Output>,
  ): Module<Specs, Tensor, Output> => ({
    specs,
    apply(params, image, at) {
      if (at.width !== 1)
        return same(narrow(at.width)).apply(params as ParamNode, image, { ...at, width: 1 });
      requireFeatures(name, image, rank, inChannels);
      requireFactors(name, steps, at);
      return tidy(() => {
        if (at.resolution === 1) return work(params, image, at);
        const seen = resizeLinear(image, rescaledSize(image.shape.slice(1, -1), at.resolution));
        return brought(work(params, seen, at), image, at);
      });
    },
  });
  const plain = {
    ...atEverySetting(
      predict,
      (logits, image, at) => upsampleTo(image, logits, at),
      (narrower) => narrower,
    ),
    rank,
    inChannels,
    outChannels,
    steps,
    narrow,
  };
  if (!plan.deepSupervision) return plain;
  const outputs = atEverySetting(
    predictAll,
    ([first, ...coarse], image, at) => [upsampleTo(image, first!, at), ...coarse],
    (narrower) => narrower.outputs!,
  );
  return { ...plain, outputs };
}

/** Narrower networks by their features: a step of training asks for one, and makes it only once. */
function oncePerWidth(plan: Plan): (width: number) => Network {
  const known = new Map<string, Network>();
  return (width) => {
    const features = plan.widths.map((count) => shareOf(count, width)).join();
    const narrower = known.get(features) ?? plan.narrow(width);
    known.set(features, narrower);
    return narrower;
  };
}

function requireRoom(name: string, specs: SpecNode): void {
  const parameters = countParams(specs);
  if (parameters <= limits.parameters) return;
  throw new ValueError({
    where: `${name}: parameters`,
    got: parameters,
    expected: `at most ${limits.parameters}`,
    hint: 'Use fewer features, stages or convolutions, or a smaller kernel.',
  });
}

function requireFactors(name: string, steps: number, { factors }: Setting): void {
  if (factors.length === 1 || factors.length === steps) return;
  throw new ValueError({
    where: `${name}: setting`,
    got: factors,
    expected: `one factor, or ${steps} (one per downsampling step)`,
  });
}
