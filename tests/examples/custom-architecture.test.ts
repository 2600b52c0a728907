import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { initialize, Rng, setting } from '@sshn/core';
import { distinct, useBackend } from '@sshn-internal/testing';
import { expect, test } from 'vitest';
import { attentionUNet } from '../../examples/custom-architecture/attention-unet.js';
import { installExample } from './testing/install.js';
import { runScript } from './testing/run.js';

const example = (file: string) =>
  fileURLToPath(new URL(`../../examples/custom-architecture/${file}`, import.meta.url));

test('a network of layers alone: images of any size, every factor, in under 80 lines', async () => {
  await useBackend('cpu');
  const network = attentionUNet(2, 3, [4, 6, 8]);
  const params = initialize(network.specs, Rng.fromSeed(1));
  for (const [height, width] of [
    [1, 1],
    [7, 12],
  ] as const)
    for (const factor of [0, 0.37, 1]) {
      const logits = network.apply(params, distinct([2, height, width, 2], { gap: 0.01 }), setting(factor));
      expect(logits.shape).toEqual([2, height, width, 3]);
      expect([...logits.dataSync()].every(Number.isFinite)).toBe(true);
    }
  expect(readFileSync(example('attention-unet.ts'), 'utf8').split('\n').length).toBeLessThanOrEqual(80);
});

test('trains, and reaches at every factor what its README says', async () => {
  using installed = await installExample('custom-architecture');
  const lines = await runScript(installed, 'start');
  const losses = lines
    .flatMap((line) => /^epoch \d+\/30 {2}loss (\d\.\d{3})$/.exec(line)?.[1] ?? [])
    .map(Number);
  expect(losses).toHaveLength(6);
  expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
  const curve = rowsOf(lines);
  const told = rowsOf(readFileSync(example('README.md'), 'utf8').split('\n'));
  expect(curve.map(([factor]) => factor)).toEqual([0, 0.1, 0.25, 0.5]);
  expect(told).toHaveLength(4);
  for (const [i, [, dice, gflops]] of curve.entries()) {
    // Rounding differs from machine to machine, and training makes more of it.
    expect(Math.abs(dice! - told[i]![1]!)).toBeLessThan(0.06);
    expect(gflops).toBe(told[i]![2]);
  }
}, 600_000);

/** Factor, Dice and GFLOPs of lines that hold them. */
const rowsOf = (lines: readonly string[]) =>
  lines
    .filter((line) => /^ +\d\.\d{2} {2}\d\.\d{3} +\d\.\d{4}$/.test(line))
    .map((line) => line.trim().split(/\s+/).map(Number));
