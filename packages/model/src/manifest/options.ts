/**
 * What of a manifest can be configured, described as run configurations describe it: the owners' own descriptors, without
 * their defaults, as a file says all.
 */
import { architectureNames, imageOptions, networkOptions } from '@sshn/architectures';
import { type OptionFault, option, partial, required } from '@sshn/core';
import { fits, intensityFaults, intensityKinds, sliceAxes } from '@sshn/data/options';
import { hypernetworkInputs, hypernetworkOptions, knobOptions, projectionOptions } from '@sshn/hypernet';
import { affineKinds, affineReferenceOption, registrationOptions, similarityNames } from '@sshn/registration';

const share = { least: 0, most: 1 } as const;

/** The kinds of priors of rescaling factors, and what each takes. */
export const priorKinds = {
  constant: {
    factor: option.oneOrList(option.number({ ...share, help: '' }), {
      help: 'The factor; a list has one for each downsampling step',
    }),
  },
  uniform: {
    low: option.number({ ...share, help: 'The smallest factor' }),
    high: option.number({ ...share, help: 'The largest factor' }),
    endpoints: option.number({
      ...share,
      optional: true,
      usually: '0',
      help: 'Share of the draws that are the smallest or the largest factor',
    }),
  },
};

/** What is wrong between the numbers of a prior. */
export function priorFaults(
  prior:
    | { readonly kind: 'constant' }
    | { readonly kind: 'uniform'; readonly low: number; readonly high: number },
): OptionFault[] {
  return prior.kind === 'uniform' && prior.low > prior.high
    ? [{ path: ['high'], message: 'is below low' }]
    : [];
}

/** Distributions over a range, by name. */
export const distributions = ['uniform', 'logUniform'] as const;

/** An edge of an image in pixels. */
export const imageEdge = option.integer({ least: 1, most: 2 ** 16, help: '' });

/** Pixels of an image, or voxels, above which nothing is computed: a gibibyte in 32-bit floats. */
const mostPixels = 2 ** 28;

/** What is wrong with a size whose edges are right one by one. */
export function sizeFaults(size: readonly number[], name = 'size'): OptionFault[] {
  const pixels = size.reduce((product, edge) => product * edge, 1);
  return pixels <= mostPixels
    ? []
    : [{ path: [name], message: `${size.join('×')} are ${pixels} pixels, expected at most ${mostPixels}` }];
}

/** What a hypernetwork is, its inputs included. */
const hypernetwork = option.record(
  required({ ...hypernetworkOptions, ...hypernetworkInputs, ...projectionOptions }),
  { help: 'The hypernetwork' },
);

const { rank, film, inChannels, outChannels } = imageOptions;
const {
  similarity,
  window,
  regularizer,
  weight,
  foldingWeight,
  bidirectional,
  resolution,
  integrationSteps,
} = registrationOptions;

/** The parts of a manifest that are configured. */
export const manifestOptions = {
  /** A name in @sshn/architectures, its options and, of registration networks, what stands on it. */
  network: option.record(
    {
      architecture: option.choice(architectureNames, { help: 'Network architecture' }),
      options: option.record(
        { ...partial({ ...networkOptions, rank, film }), inChannels, outChannels },
        { help: 'Its options' },
      ),
      ...knobOptions,
      resolution: option.number({
        above: 0,
        most: 1,
        optional: true,
        help: "Share of the images' size that it sees, of a network without that knob; absent: 1",
      }),
      flow: option.record(required({ resolution, integrationSteps }), {
        optional: true,
        help: 'Of registration networks: the grid of the flow, and how it is integrated',
      }),
    },
    { help: 'The network' },
  ),
  /** How the weights came about, and with it what they are: those of a network, or of a hypernetwork. */
  method: option.variants(
    {
      fixed: { factor: priorKinds.constant.factor },
      stochastic: {},
      film: { hypernetwork },
      sshn: { hypernetwork },
    },
    { help: 'Training method' },
  ),
  prior: option.variants(
    {
      ...priorKinds,
      uniform: {
        ...priorKinds.uniform,
        factors: option.integer({
          least: 1,
          most: 64,
          optional: true,
          usually: '1, for all steps',
          help: 'How many are drawn, independently: one per downsampling step',
        }),
      },
    },
    { help: 'Where the rescaling factors of training came from', check: priorFaults },
  ),
  /** What happens to an image between its file and the network: `Preprocessing` of @sshn/data. */
  preprocessing: option.record(
    {
      size: option.list(imageEdge, {
        least: 2,
        most: 3,
        help: '[height, width] or [depth, height, width] that images are brought to',
      }),
      patch: option.list(imageEdge, {
        least: 2,
        most: 3,
        optional: true,
        usually: 'all of the image',
        help: 'Of networks that were trained on patches of images: the size of a patch, which is what they see at a time',
      }),
      channels: option.integer({ least: 1, most: 2 ** 16, help: 'Channels of the image' }),
      intensity: option.variants(intensityKinds, {
        help: 'How intensities are normalized',
        check: intensityFaults,
      }),
      volumes: option.record(
        {
          spacingMm: option.list(option.number({ above: 0, help: '' }), {
            least: 3,
            most: 3,
            optional: true,
            help: 'Of the voxels that volumes were resampled to: depth, height, width',
          }),
          fit: option.choice(fits, { help: 'How they came to one size from there' }),
          slices: option.choice(sliceAxes, {
            optional: true,
            help: 'Of models of slices: how they were cut',
          }),
        },
        { optional: true, help: 'What volumes went through before' },
      ),
      alignment: option.record(
        {
          kind: option.choice(affineKinds, { help: 'What the map may change' }),
          similarity: option.choice(similarityNames, { help: 'What makes images alike' }),
          reference: affineReferenceOption,
        },
        {
          optional: true,
          help: 'Of registration networks that see images aligned with a reference: how they are',
        },
      ),
    },
    {
      help: 'What happens to an image before the network sees it',
      check: ({ size, patch }) => [
        ...sizeFaults(size),
        ...(patch === undefined || patch.length === size.length
          ? []
          : [
              {
                path: ['patch'],
                message: `has ${patch.length} axes, and images have ${size.length}`,
              },
            ]),
        ...(patch === undefined ? [] : sizeFaults(patch, 'patch')),
      ],
    },
  ),
  /** Of registration networks: what they were trained for. */
  registration: option.record(
    {
      ...required({ similarity, window, regularizer, weight }),
      foldingWeight: option.number({ least: 0, optional: true, help: foldingWeight.help }),
      bidirectional: option.flag({ optional: true, help: bidirectional.help }),
      lambda: option.record(
        {
          low: option.number({ ...share, help: 'The smallest λ' }),
          high: option.number({ ...share, help: 'The largest λ' }),
          distribution: option.choice(distributions, { help: 'How λ was drawn' }),
          endpoints: option.number({
            ...share,
            help: 'Share of the draws that were the lowest or the highest λ',
          }),
        },
        {
          optional: true,
          help: 'Where the weight is an input of the hypernetwork: where λ came from in training',
          check: ({ low, high, distribution }) => [
            ...(low > high ? [{ path: ['high'], message: 'is below low' }] : []),
            ...(distribution === 'logUniform' && low === 0
              ? [{ path: ['low'], message: 'is 0, which has no logarithm' }]
              : []),
          ],
        },
      ),
    },
    { optional: true, help: 'What a registration network was trained for' },
  ),
};
