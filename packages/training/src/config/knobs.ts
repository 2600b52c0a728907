import { type OptionFault, option, type Rng, type ValuesOf } from '@sshn/core';
import { type Knob, knobs } from '@sshn/hypernet';
import { drawFrom } from './prior.js';

const range = (help: string) =>
  option.list(option.number({ above: 0, most: 1, help: '' }), { least: 2, most: 2, optional: true, help });

/** What moves the cost of a network beside its factors: a range each, from which every step of training draws. */
const knobWords = {
  widthRange: range(
    'Train at shares of the features of every stage drawn from here, such as 0.25,1: the network then runs at all of them',
  ),
  resolutionRange: range(
    "Train at shares of the images' size drawn from here, such as 0.5,1: the network then runs at all of them",
  ),
  knobEndpoints: option.number({
    least: 0,
    most: 1,
    default: 0.5,
    help: 'Share of the draws of widths and resolutions that are the lowest or the highest: both ends are learned as well',
  }),
  alsoSmallest: option.flag({
    optional: true,
    usually: 'no',
    help: 'Train the smallest network in every step besides, on the same images: it gains most, for little time',
  }),
  alsoLargest: option.flag({
    optional: true,
    usually: 'no',
    help: 'Train the whole network in every step besides, on the same images: it gains, and a step takes about twice as long',
  }),
  distillation: option.number({
    above: 0,
    most: 1,
    optional: true,
    usually: 'no',
    help: 'With alsoLargest, let the whole network teach the smaller ones: share of their loss that is the cross-entropy to its probabilities, such as 0.5',
  }),
};

/** The knobs of a run beside its factors; without any, a network has one width and sees images at their size. */
export const knobConfigOptions = option.record(knobWords, {
  help: 'What else the network may be run at, at less cost: fewer features, smaller images',
});

/** The ranges of whoever names a knob and no range, as in experiments/knobs. */
export const usualKnobRanges = {
  width: [0.25, 1],
  resolution: [0.5, 1],
} as const satisfies Record<Knob, readonly [low: number, high: number]>;

/** One resolution for all of training, without a knob. */
export const inputResolution = option.number({
  above: 0,
  most: 1,
  optional: true,
  usually: '1',
  help: "Train at this share of the images' size alone, such as 0.5: they are resized inside the network, and logits back",
});

/** The knobs of a run. */
type KnobConfig = ValuesOf<typeof knobWords>;

const rangeOf = ({
  widthRange,
  resolutionRange,
}: KnobConfig): Readonly<Record<Knob, readonly number[] | undefined>> => ({
  width: widthRange,
  resolution: resolutionRange,
});

/** The knobs that a run trains. */
export function knobsOf(config: KnobConfig): Knob[] {
  return knobs.filter((knob) => rangeOf(config)[knob] !== undefined);
}

/** Of each knob that a run trains, what its range gives. */
function ofRanges<Value>(
  config: KnobConfig,
  of: (low: number, high: number) => Value,
): Partial<Record<Knob, Value>> {
  return Object.fromEntries(
    knobsOf(config).map((knob) => {
      const [low, high] = rangeOf(config)[knob]!;
      return [knob, of(low!, high!)];
    }),
  );
}

/** The range of each knob that a run trains. */
export function knobRanges(config: KnobConfig): Partial<Record<Knob, readonly [low: number, high: number]>> {
  return ofRanges(config, (low, high) => [low, high] as const);
}

/** One draw of all knobs of a run. Takes nothing from the generator where there are none. */
export function drawKnobs(config: KnobConfig, rng: Rng): Partial<Record<Knob, number>> {
  return ofRanges(config, (low, high) => drawFrom({ low, high, endpoints: config.knobEndpoints }, rng));
}

/** Widths and resolutions that every step trains besides what it draws: the lowest, the highest. */
export function knobsOfEveryStep(config: KnobConfig): Partial<Record<Knob, number>>[] {
  return [
    ...(config.alsoSmallest === true ? [ofRanges(config, (low) => low)] : []),
    ...(config.alsoLargest === true ? [ofRanges(config, (_, high) => high)] : []),
  ];
}

/** What is wrong with the ranges of knobs. */
export function knobFaults({
  knobs: config,
  inputResolution,
  task,
}: {
  readonly knobs: KnobConfig;
  readonly inputResolution?: number;
  readonly task: 'segmentation' | 'registration';
}): OptionFault[] {
  const twice =
    inputResolution === undefined || config.resolutionRange === undefined
      ? []
      : [
          {
            path: ['inputResolution'],
            message: 'is fixed, and knobs.resolutionRange draws it: give one of the two',
          },
        ];
  const endOfNone = (['alsoSmallest', 'alsoLargest'] as const)
    .filter((word) => config[word] === true && knobsOf(config).length === 0)
    .map((word) => ({
      path: ['knobs', word],
      message: 'is of no use without widthRange or resolutionRange: all steps train one size',
    }));
  const untaught =
    config.distillation === undefined || (config.alsoLargest === true && task === 'segmentation')
      ? []
      : [
          {
            path: ['knobs', 'distillation'],
            message:
              task === 'registration'
                ? 'is of segmentation: registration predicts no probabilities'
                : 'needs alsoLargest: the whole network teaches, so it must be trained in every step',
          },
        ];
  const unordered = knobsOf(config).flatMap((knob) => {
    const [low, high] = rangeOf(config)[knob]!;
    if (low! > high!) return [{ path: ['knobs', `${knob}Range`], message: 'the first is above the second' }];
    return high === 1
      ? []
      : [
          {
            path: ['knobs', `${knob}Range`],
            message: `ends below 1, the whole network; ${knob === 'resolution' ? 'inputResolution' : 'architecture.features'} makes all of it smaller`,
          },
        ];
  });
  return [...twice, ...endOfNone, ...untaught, ...unordered];
}
