import { type architectureNames, createNetwork } from '@sshn/architectures';
import {
  initialize,
  type Network,
  namedParams,
  networkAt,
  type PlainNetwork,
  paramTree,
  Rng,
  setting,
} from '@sshn/core';
import { fieldOf, registrationNetwork } from '@sshn/registration';
import { add, dispose, mul, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/** A network that an exporter is tested with, its weights still to come. */
export interface ExportCase extends Omit<PlainNetwork, 'params' | 'network'> {
  readonly network: Network;
  readonly after?: (output: Tensor) => Tensor;
  readonly names?: { readonly input: string; readonly output: string };
}

/** Noise in [−1, 1), the same for the same seed. */
export function noise(count: number, seed: number): Float32Array {
  const rng = Rng.fromSeed(seed);
  return Float32Array.from({ length: count }, () => 2 * rng.uniform() - 1);
}

/** Weights of which none is 0: a registration network begins with a flow of 0. */
export function noisyWeights({ specs }: Network) {
  const params = initialize(specs, Rng.fromSeed(7));
  const moved = new Map(
    [...namedParams(params)].map(([path, weight], i) => [
      path,
      tidy(() => add(weight, mul(tensor(noise(weight.size, i), weight.shape), 0.05))),
    ]),
  );
  dispose([...namedParams(params).values()]);
  return paramTree(specs, moved);
}

/** A small network of three stages, from two channels to three. */
export function smallNetwork(
  name: (typeof architectureNames)[number],
  rank: 2 | 3,
  more: object = {},
): Network {
  const options = { rank, inChannels: 2, outChannels: 3, features: 6, stages: 3, ...more };
  return createNetwork(name, options as never) as Network;
}

/** An architecture with half of its features, in 2D and 3D, that sees an image at less than its size. */
export function narrowCases(name: (typeof architectureNames)[number]): ExportCase[] {
  const networks = [
    [2, [17, 20]],
    [3, [9, 8, 11]],
  ] as const;
  return networks.flatMap(([rank, size]) => {
    const network = networkAt(smallNetwork(name, rank), setting({ factor: 0.3, width: 0.5 }));
    return [0.6, 0.05].map((resolution) => {
      return { network, at: setting({ factor: 0.3, resolution }), size, channels: 2 };
    });
  });
}

/** What of a U-Net an exporter has to know: every normalization, activation and kind of downsampling, and a wide kernel. */
export const unetOptions: ReadonlyArray<Readonly<Record<string, unknown>>> = [
  { normalization: 'group' },
  { normalization: 'instance', film: true },
  { downsampling: 'max' },
  { downsampling: 'average' },
  { downsampling: 'strided' },
  { kernelSize: 5 },
  ...['relu', 'elu', 'gelu', 'silu', 'mish', 'softplus', 'sigmoid'].map((activation) => ({ activation })),
];

/** Registration networks at both resolutions of the flow, with their integration, of odd sizes in 2D and 3D. */
export const fieldCases: ReadonlyArray<readonly [name: string, one: () => ExportCase]> = (
  [
    ['full', 0],
    ['half', 5],
  ] as const
).flatMap(([resolution, integrationSteps]) =>
  [
    [16, 21],
    [8, 9, 12],
  ].map((size): readonly [string, () => ExportCase] => [
    `${size.length}D at ${resolution} resolution, ${integrationSteps} integration steps`,
    () => {
      const options = { rank: size.length, inChannels: 2, outChannels: 6, features: 6, stages: 3 };
      const backbone = createNetwork('unet', options as never);
      return {
        network: registrationNetwork({ backbone, resolution } as never) as never,
        at: setting(0.25),
        size,
        channels: 2,
        after: (flow: Tensor) => fieldOf(flow, size, { integrationSteps }),
        names: { input: 'pair', output: 'field' },
      };
    },
  ]),
);
