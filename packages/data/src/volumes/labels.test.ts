import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedFolder } from '@sshn-internal/testing';
import { describe, expect, it } from 'vitest';
import { wholeLabels } from './labels.js';
import { decodeNifti } from './nifti/decode.js';
import { volumeOf } from './volume.js';

const of = (...values: number[]) => volumeOf(Float32Array.from(values), [1, 1, values.length]);

describe('wholeLabels', () => {
  it('rounds what scaling by an integer header leaves of labels', () => {
    // 0 … 7 in 8 bits, as nibabel stores them: slope 7 / 255.
    const scaled = Array.from({ length: 8 }, (_, label) => Math.round(label / (7 / 255)) * (7 / 255));
    expect(scaled[1]).toBeCloseTo(0.988, 3);
    const { labels, rounded } = wholeLabels(of(...scaled));
    expect([...labels!.data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(rounded).toBeCloseTo(0.988, 3);
    expect([...wholeLabels(of(0, 1.0000153, 2, -1e-9)).labels!.data]).toEqual([0, 1, 2, 0]);
  });

  it('leaves whole numbers alone, and takes nothing else for labels', () => {
    const whole = of(0, 3, 200);
    expect(wholeLabels(whole)).toEqual({ labels: whole });
    const bytes = volumeOf(Uint8Array.of(1, 2), [1, 1, 2]);
    expect(wholeLabels(bytes).labels).toBe(bytes);
    expect(wholeLabels(of(0, 0.5, 1))).toEqual({ labels: undefined, wrong: 0.5 });
    expect(wholeLabels(of(0, 0.01, 2)).labels).toBeUndefined();
    expect(wholeLabels(of(200, 100.3)).labels).toBeUndefined();
    expect(wholeLabels(of(Number.NaN, 1)).labels).toBeUndefined();
    expect(wholeLabels(of(Number.POSITIVE_INFINITY)).labels).toBeUndefined();
  });
});

const cases = sharedFolder('cases/nifti-labels-scaled');
describe.skipIf(cases === undefined)('labels that nibabel scaled', () => {
  it.each([
    ['k012.nii.gz', 3],
    ['k01234.nii.gz', 5],
    ['k012_u8.nii.gz', 3],
    ['k0-7_u8.nii.gz', 8],
  ])('of %s are whole, %i kinds of them', (name, kinds) => {
    const volume = decodeNifti(new Uint8Array(readFileSync(join(cases!, name))), name);
    const { labels } = wholeLabels(volume);
    expect(new Set(labels!.data)).toEqual(new Set(Array.from({ length: kinds }, (_, i) => i)));
  });
});
