import type { NamedSetting } from '../budget/point.js';
import type { Manifest } from './schema.js';

type Range = readonly [low: number, high: number];

/** Decimal fractions are not exact. */
const slack = 1e-9;

/**
 * A sentence on which words of a setting are outside of what a network was trained for, and what that was; undefined where none is.
 * Files from before `knobRanges` say nothing of widths and resolutions, and neither does this.
 *
 * @example
 * outsideTraining(manifest, { factor: 0.25, width: 0.1 });   // 'Outside of training, which had widths 0.25 to 1: expect a worse answer.'
 */
export function outsideTraining(
  { prior, knobRanges = {} }: Pick<Manifest, 'prior' | 'knobRanges'>,
  { factor, width = 1, resolution = 1 }: NamedSetting,
): string | undefined {
  const factors: readonly Range[] =
    prior.kind === 'uniform'
      ? [[prior.low, prior.high]]
      : [prior.factor].flat().map((one) => [one, one] as const);
  const parts = [
    { name: 'factor', given: [factor].flat(), ranges: factors },
    { name: 'width', given: [width], ranges: rangesOf(knobRanges.width) },
    { name: 'resolution', given: [resolution], ranges: rangesOf(knobRanges.resolution) },
  ];
  const outside = parts.filter(({ given, ranges }) => !isWithin(given, ranges));
  if (outside.length === 0) return undefined;
  const words = outside.map(({ name, ranges }) => {
    const texts = new Set(ranges.map(([low, high]) => (low === high ? `${low}` : `${low} to ${high}`)));
    return `${name}${ranges.length === 1 && ranges[0]![0] === ranges[0]![1] ? '' : 's'} ${[...texts].join(', ')}`;
  });
  return `Outside of training, which had ${words.join(' and ')}: expect a worse answer.`;
}

const rangesOf = (range: Range | undefined): Range[] => (range === undefined ? [] : [range]);

/** Whether every number is in its range; of one number, or one range, it is that of all. */
function isWithin(given: readonly number[], ranges: readonly Range[]): boolean {
  if (ranges.length === 0) return true;
  return Array.from({ length: Math.max(given.length, ranges.length) }, (_, i) => i).every((i) => {
    const value = given[i] ?? given[0]!;
    const [low, high] = ranges[i] ?? ranges[0]!;
    return value >= low - slack && value <= high + slack;
  });
}
