import { architectureNames, createNetwork, type ImageNetwork } from '@sshn/architectures';
import { requireOption, type SpecNode } from '@sshn/core';
import { type Hypernetized, hypernetize, type Predicted } from '@sshn/hypernet';
import { registrationNetwork } from '@sshn/registration';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Manifest } from './manifest/schema.js';

/** What each method lets a hypernetwork predict; the paper, section 4.3. */
const predictedBy: Record<Manifest['method']['kind'], Predicted> = {
  fixed: 'nothing',
  stochastic: 'nothing',
  film: 'film',
  sshn: 'convolutions',
};

/**
 * The network that a manifest describes, from images to logits, or of registration from pairs of images to flows, whose parameters a model file holds under
 * `network.…` (trained directly) and `hypernetwork.…` (predicting the rest).
 *
 * @throws {OptionError} if this release has no such architecture.
 * @throws {ValueError} if its options make no network.
 * @example
 * const { manifest, params } = await fetchModel('wbc.safetensors');
 * const network = networkOf(manifest);
 * const logits = network.apply(paramTree(network.specs, params), images, rescaling(0.25));
 */
export function networkOf(
  manifest: Pick<Manifest, 'network' | 'method'>,
): Hypernetized<SpecNode, Tensor, Tensor> & { readonly network: ImageNetwork } {
  const { network, method } = manifest;
  requireOption('architecture', network.architecture, architectureNames);
  // The options are data from a file: createNetwork checks their values.
  const options = network.options as unknown as Parameters<typeof createNetwork>[1];
  const backbone = createNetwork(network.architecture, options);
  const plain = network.flow === undefined ? backbone : onFlow(backbone, network);
  const model = hypernetize(plain, {
    predict: predictedBy[method.kind],
    ...('hypernetwork' in method ? method.hypernetwork : {}),
  });
  return { ...model, network: plain };
}

/** A registration network on an architecture that maps pairs to features. */
function onFlow(
  backbone: ReturnType<typeof createNetwork>,
  { options, flow }: Manifest['network'],
): ReturnType<typeof createNetwork> {
  const { rank, inChannels, outChannels } = options as {
    rank?: 2 | 3;
    inChannels: number;
    outChannels: number;
  };
  const network = registrationNetwork({
    backbone,
    features: outChannels,
    channels: inChannels / 2,
    ...(rank === undefined ? {} : { rank }),
    ...(flow === undefined ? {} : { resolution: flow.resolution }),
  });
  // Its parameters are named by its specs, like any other's.
  return network as unknown as ReturnType<typeof createNetwork>;
}
