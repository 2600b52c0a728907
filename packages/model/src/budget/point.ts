import { type Factor, type Setting, setting } from '@sshn/core';

/**
 * A setting in the words of a model's table: what is not said is 1.
 *
 * @typeParam At How its factors are given: `number` for one common to all downsampling steps, a list for separate ones.
 */
export interface NamedSetting<At extends Factor = Factor> {
  /** φ in [0, 1], common to all downsampling steps, or a list with one for each of them. */
  readonly factor: At;
  /** Share of the features of every stage, in (0, 1]. @default 1 */
  readonly width?: number;
  /** Share of the images' size that the network sees, in (0, 1]. @default 1 */
  readonly resolution?: number;
}

/** What one setting gives, and what it costs on this device. */
export interface AccuracyCostPoint extends NamedSetting {
  /** Of one image, from input to output of the plain network of the setting; `null` where nobody measured. */
  readonly milliseconds: number | null;
  /** FLOPs of the same, in units of 10⁹; `null` where nobody counted. */
  readonly gflops: number | null;
  /** Of the plain network's weights and, at their most, of what it computes for one image; as `gflops`. */
  readonly mebibytes?: number | null;
  /** Mean foreground Dice in [0, 1]; `null` where nobody evaluated. */
  readonly dice: number | null;
}

/** The words for a setting: one factor as a number, and knobs only where they are not 1. */
export function namedSetting({
  factors,
  width,
  resolution,
}: Pick<Setting, 'factors' | 'width' | 'resolution'>): NamedSetting {
  return {
    factor: factors.every((one) => one === factors[0]) ? factors[0]! : [...factors],
    ...(width === 1 ? {} : { width }),
    ...(resolution === 1 ? {} : { resolution }),
  };
}

/** A setting in one line: `0.25, width 0.5, resolution 0.75`. */
export function settingText({ factor, width = 1, resolution = 1 }: NamedSetting): string {
  const knobs = `${width === 1 ? '' : `, width ${width}`}${resolution === 1 ? '' : `, resolution ${resolution}`}`;
  return `${[factor].flat().join(', ')}${knobs}`;
}

/** The same for equal settings, however they are written. */
export function settingKey(given: NamedSetting): string {
  const { factors, width, resolution } = setting(given);
  const rounded = (share: number) => Math.round(share * 1e9) / 1e9;
  const distinct = new Set(factors.map(rounded));
  return [
    [...(distinct.size === 1 ? distinct : factors.map(rounded))],
    rounded(width),
    rounded(resolution),
  ].join('/');
}

/** The order of settings that cost alike: by width, then resolution, then factors, the smallest first. */
export function settingOrder({ factor, width = 1, resolution = 1 }: NamedSetting): number[] {
  return [width, resolution, ...[factor].flat()];
}
