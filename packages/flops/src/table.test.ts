import { unet } from '@sshn/architectures';
import { inScope, setting } from '@sshn/core';
import { registerShapeFunction } from '@sshn/trace';
import { engine, matMul, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { countFlops, countModule, formatBytes, formatCount, formatTable } from './index.js';

const network = unet({ inChannels: 1, outChannels: 25 });
const report = countModule(network, { inputShape: [1, 256, 256, 1], at: setting(0.25) });

test('a row per module in the order in which they ran, and what needs to be said', () => {
  expect(formatTable(report, { depth: 1 })).toBe(
    `
module     parameters     MACs    FLOPs  output shape
──────────────────────────────────────────────────────────
total         195.2 K  2.689 G  5.406 G  [1, 256, 256, 25]
  encoder     83.55 K  703.4 M  1.416 G  [1, 1, 1, 32]
  down              0        0  559.2 K  [1, 1, 1, 32]
  up                0        0  8.948 M  [1, 256, 256, 32]
  decoder     110.8 K  1.933 G  3.874 G  [1, 256, 256, 32]
  head            825  52.43 M  106.5 M  [1, 256, 256, 25]
──────────────────────────────────────────────────────────
1 MAC = 1 multiply-add = 2 FLOPs; FLOPs = 2 · MACs + element-wise operations.
Maps of decoders convolved before they are upsampled: 2.108 G MACs, 4.238 G FLOPs.
Activations take 32.00 MiB at most, parameters apart.
Free, as they only move elements: Concat × 4.
`.trim(),
  );
});

test('to every layer by default, each with its whole path', () => {
  const rows = formatTable(report).split('\n');
  const level = (name: string) => rows.find((row) => row.trim().startsWith(`${name} `))!.search(/\S/) / 2;
  expect(['total', 'decoder', 'decoder.0', 'decoder.0.1'].map(level)).toEqual([0, 1, 2, 3]);
  expect(formatTable(report, { depth: 2 })).not.toContain('decoder.0.1');
});

test('the whole alone', () => {
  expect(formatTable(report, { depth: 0 }).split('\n')).toHaveLength(8);
  expect(() => formatTable(report, { depth: -1 })).toThrow(
    'formatTable: depth: got -1, expected an integer of at least 0',
  );
});

test('says in capitals what was not counted, and which parameters nothing uses', () => {
  registerShapeFunction('Sorcery', ({ x }) => x!);
  const odd = countFlops(
    (w, x) =>
      inScope('head', () =>
        matMul(engine().runKernel<Tensor>('Sorcery', { x: reshape(x, [1, 2]) }), w.kernel),
      ),
    [{ kernel: { shape: [2, 3], kind: 'param' }, spare: { shape: [7], kind: 'param' } }, { shape: [2] }],
    { unknown: 'list' },
  );
  expect(formatTable(odd)).toBe(
    `
module  parameters  MACs  FLOPs  output shape
─────────────────────────────────────────────
total           13     6     12  [1, 3]
  head           6     6     12  [1, 3]
─────────────────────────────────────────────
1 MAC = 1 multiply-add = 2 FLOPs; FLOPs = 2 · MACs + element-wise operations.
Activations take 20 B at most, parameters apart.
Free, as they only move elements: Reshape × 1.
NOT COUNTED, for lack of a rule: Sorcery × 1.
Parameters that nothing uses: spare.
`.trim(),
  );
});

describe('units', () => {
  test.each([
    [0, '0'],
    [999, '999'],
    [1000, '1.000 K'],
    [195_225, '195.2 K'],
    [999_960, '1.000 M'],
    [2_487_378_944, '2.487 G'],
    [15_470_264_320, '15.47 G'],
    [3.2e18, '3200 P'],
  ])('%i is %s', (count, text) => expect(formatCount(count)).toBe(text));

  test.each([
    [512, '512 B'],
    [1024, '1.000 KiB'],
    [8_388_608, '8.000 MiB'],
    [25_000_000, '23.84 MiB'],
  ])('%i bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});
