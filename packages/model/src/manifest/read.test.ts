import { FileError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { manifest } from '../testing/small-model.js';
import { SchemaError } from './faults.js';
import { type Migration, manifestText, migrate, readManifest } from './read.js';
import type { ManifestInput } from './schema.js';

const read = (value: unknown) => readManifest({ sshn: JSON.stringify(value) }, 'unet.safetensors');
const good = { format: 'sshn', version: 1, ...manifest };

describe('the manifest', () => {
  test('comes back as it was written', () => {
    expect(readManifest({ sshn: manifestText(manifest) }, 'x')).toEqual(good);
  });

  test.each<[string, ManifestInput]>([
    ['fixed', { ...manifest, method: { kind: 'fixed', factor: 0.25 } }],
    ['fixed, one factor per step', { ...manifest, method: { kind: 'fixed', factor: [0.5, 0.25] } }],
    ['stochastic', { ...manifest, method: { kind: 'stochastic' }, prior: { kind: 'constant', factor: 0.5 } }],
    ['a volume', { ...manifest, preprocessing: { ...manifest.preprocessing, size: [8, 64, 64] } }],
    ['nothing measured yet', { ...manifest, accuracyCost: [] }],
  ])('of %s is storable', (_, input) => {
    expect(readManifest({ sshn: manifestText(input) }, 'x')).toMatchObject(input);
  });

  test('is checked before it is written; every fault is listed', () => {
    const wrong = {
      ...manifest,
      labels: [{ name: 'a' }, { name: 'a' }],
      prior: { kind: 'uniform', low: 0.5, high: 0.25 },
      accuracyCost: [{ factor: 0.5, dice: Number.NaN, gflops: -1, milliseconds: null }],
      extra: 1,
    } as unknown as ManifestInput;
    let error: unknown;
    try {
      manifestText(wrong);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SchemaError);
    const { faults, message } = error as SchemaError;
    expect(faults.map(({ path }) => path).sort()).toEqual([
      '',
      'accuracyCost.0.dice',
      'accuracyCost.0.gflops',
      'labels',
      'prior',
    ]);
    expect(message).toContain('labels: two labels have the same name');
    expect(message).toContain('"extra"');
  });

  test.each<[string, unknown, string]>([
    [
      'a newer version',
      { ...good, version: 2 },
      'has version 2, this release of @sshn/model reads up to 1. Update',
    ],
    ['another format', { ...good, format: 'x' }, 'does not name format and version'],
    ['no version', { ...good, version: undefined }, 'does not name format and version'],
    ['version 0', { ...good, version: 0 }, 'does not name format and version'],
    ['a list', [], 'does not name format and version'],
    ['a number', 7, "its metadata 'sshn' is not a JSON object"],
    ['an unknown key', { ...good, colour: 1 }, '"colour"'],
    ['a missing part', { ...good, labels: undefined }, 'labels: '],
    ['an unknown method', { ...good, method: { kind: 'magic' } }, 'method'],
  ])('refuses %s', (_, value, message) => {
    expect(() => read(value)).toThrow(FileError);
    expect(() => read(value)).toThrow(message);
    expect(() => read(value)).toThrow(/^unet\.safetensors: /);
  });

  test('refuses files without one, telling checkpoints apart', () => {
    expect(() => readManifest({}, 'x')).toThrow("its metadata has no 'sshn'");
    expect(() => readManifest({ 'sshn-checkpoint': '{}' }, 'x')).toThrow('this is a checkpoint');
    expect(() => readManifest({ sshn: '{' }, 'x')).toThrow('is not a JSON object');
  });
});

describe('migrate', () => {
  const migrations = new Map<number, Migration>([
    [1, (old: object) => ({ ...old, second: true })],
    [2, (old: object) => ({ ...old, third: true })],
  ]);

  test('takes every step from the version found', () => {
    const target = { source: 'x', migrations, version: 3 };
    expect(migrate({ format: 'sshn', version: 1 }, target)).toEqual({
      format: 'sshn',
      version: 3,
      second: true,
      third: true,
    });
    expect(migrate({ format: 'sshn', version: 2 }, target)).toEqual({
      format: 'sshn',
      version: 3,
      third: true,
    });
    expect(migrate({ format: 'sshn', version: 3 }, target)).toEqual({ format: 'sshn', version: 3 });
    expect(() => migrate({ format: 'sshn', version: 4 }, target)).toThrow('has version 4');
  });
});
