import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { initialize, Rng, rescaling } from '@sshn/core';
import { distinct, useBackend } from '@sshn-internal/testing';
import { expect, test } from 'vitest';
import { attentionUNet } from '../../examples/custom-architecture/attention-unet.js';

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
      const logits = network.apply(params, distinct([2, height, width, 2], { gap: 0.01 }), rescaling(factor));
      expect(logits.shape).toEqual([2, height, width, 3]);
      expect([...logits.dataSync()].every(Number.isFinite)).toBe(true);
    }
  expect(readFileSync(example('attention-unet.ts'), 'utf8').split('\n').length).toBeLessThanOrEqual(81);
});

test('trains and prints the curve', async () => {
  const settings = { images: 16, size: 24, features: 4, epochs: 6 };
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--import', import.meta.resolve('tsx'), '--conditions=@sshn/source', example('train.ts')],
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]),
  ]);
  const lines = stdout.trimEnd().split('\n');
  const losses = lines
    .flatMap((line) => /^epoch \d\/6 {2}loss (\d\.\d{3})$/.exec(line)?.[1] ?? [])
    .map(Number);
  expect(losses).toHaveLength(6);
  expect(losses.at(-1)!).toBeLessThan(losses[0]!);
  const curve = lines.slice(-4).map((line) => line.trim().split(/\s+/).map(Number));
  expect(curve.map(([factor]) => factor)).toEqual([0, 0.1, 0.25, 0.5]);
  expect(curve.every(([, dice]) => dice! >= 0 && dice! <= 1)).toBe(true);
  expect(curve[3]![2]).toBeGreaterThan(curve[0]![2]!);
}, 120_000);

test('can be copied: it names versions, and imports what it names', () => {
  const { dependencies } = JSON.parse(readFileSync(example('package.json'), 'utf8'));
  for (const [name, range] of Object.entries(dependencies)) expect(range, name).toMatch(/^\^\d/);
  for (const file of ['train.ts', 'attention-unet.ts']) {
    const imported = [...readFileSync(example(file), 'utf8').matchAll(/from '((?!node:|\.)[^']+)'/g)];
    for (const [, name] of imported) expect(Object.keys(dependencies)).toContain(name);
  }
});
