import { architectureNames, createNetwork, type NetworkConfig, narrowOptions } from '@sshn/architectures';
import { type Network, requireOption, type Setting, setting } from '@sshn/core';
import { hypernetize, type Predicted, type Scalable } from '@sshn/hypernet';
import { registrationNetwork } from '@sshn/registration';
import type { Manifest } from './manifest/schema.js';

/** What each method lets a hypernetwork predict; the paper, section 4.3. */
const predictedBy: Record<Manifest['method']['kind'], Predicted> = {
  fixed: 'nothing',
  stochastic: 'nothing',
  film: 'film',
  sshn: 'convolutions',
};

/**
 * The network that a manifest describes, from images to logits or, of registration, from pairs of images to flows, whose
 * parameters a model file holds under `network.…` (trained directly) and `hypernetwork.…` (predicting the rest).
 *
 * @throws {OptionError} if this release has no such architecture.
 * @throws {ValueError} if its options make no network.
 * @example
 * const { manifest, params } = await fetchModel('wbc.safetensors');
 * const network = networkOf(manifest);
 * const logits = network.apply(paramTree(network.specs, params), images, setting(0.25));
 */
export function networkOf(manifest: Pick<Manifest, 'network' | 'method'>): Scalable {
  const { network, method } = manifest;
  requireOption('architecture', network.architecture, architectureNames);
  // The options are data from a file: createNetwork checks their values, such as a rank of 2 or 3.
  const backbone = createNetwork(network.architecture, network.options as NetworkConfig);
  const plain: Network =
    network.flow === undefined
      ? backbone
      : registrationNetwork({ backbone, resolution: network.flow.resolution });
  const { resolution } = network;
  return hypernetize(resolution === undefined ? plain : seenAt(plain, resolution), {
    predict: predictedBy[method.kind],
    ...('hypernetwork' in method ? method.hypernetwork : {}),
    ...(network.knobs === undefined ? {} : { knobs: network.knobs }),
  });
}

/** A network that sees every image at one resolution, whatever the setting says; so do its narrower ones. */
function seenAt(network: Network, resolution: number): Network {
  const { narrow, outputs } = network;
  const seen = (at: Setting) => setting({ ...at, resolution });
  return {
    ...network,
    apply: (params, image, at) => network.apply(params, image, seen(at)),
    ...(narrow && { narrow: (width) => seenAt(narrow(width), resolution) }),
    ...(outputs && {
      outputs: { ...outputs, apply: (params, image, at) => outputs.apply(params, image, seen(at)) },
    }),
  };
}

/** What a manifest says of the plain network at a setting: fewer features, one resolution for all images, no knobs. */
export function describePlain(
  { knobs: _, ...network }: Manifest['network'],
  at: Setting,
): Manifest['network'] {
  return {
    ...network,
    options: narrowOptions(network.options, at.width),
    ...(at.resolution === 1 ? {} : { resolution: at.resolution }),
  };
}
