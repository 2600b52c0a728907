import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder, small, sshn } from './command.js';

const scratch = scratchFolder();
const train = ['train', 'phantoms:cells:16', ...small, '--epochs', '2'] as const;
const json = async (...path: string[]) => JSON.parse(await readFile(join(scratch.path, ...path), 'utf8'));

test('trains in a run folder, with one plain line per epoch where the output is piped', async () => {
  const { code, stdout, stderr } = await sshn([...train, '--out', 'run'], scratch.path, { FORCE_COLOR: '1' });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no escape sequence is what is tested.
  expect(stdout).not.toMatch(/[\x1b\r]/);
  expect(stdout.match(/^epoch \d\/2 .*$/gm)).toHaveLength(2);
  expect(stdout).toMatch(
    /^data\s+phantoms:cells:16:1: 16 images, 32×32 pixels, 3 channels; labels background, cytoplasm, nucleus$/m,
  );
  expect(stdout).toMatch(/^backend\s+wasm \((relaxed|wide) SIMD, 1 thread,/m);
  expect(stdout).toContain('  epochs: 2\n');
  expect(stdout).toMatch(
    /finished after 2 epochs\. Best Dice on validation images: 0\.\d{4}\.\nLook at its curve with: sshn pareto run --threads 1\n$/,
  );
  expect((await readdir(join(scratch.path, 'run'))).sort()).toEqual([
    'best.safetensors',
    'checkpoints',
    'last.safetensors',
    'metrics.jsonl',
    'run.json',
    'split.json',
  ]);
  const run = await json('run', 'run.json');
  expect(run).toMatchObject({
    data: { path: 'phantoms:cells:16:1', layout: 'phantoms' },
    config: { epochs: 2, size: [32, 32], architecture: { features: 4, stages: 3 } },
  });

  const again = await sshn([...train, '--out', 'run'], scratch.path);
  expect(again.code).toBe(0);
  expect(again.stdout).toContain('finished after 2 epochs.');
  expect(again.stdout).not.toMatch(/^epoch /m);

  const other = await sshn([...train, '--out', 'run', '--seed', '2'], scratch.path);
  expect(other).toMatchObject({ code: 1 });
  expect(other.stderr).toBe(
    'error: run/run.json: this folder holds a run with another config.seed. ' +
      'Train into another folder, or use the configuration that the run began with.\n',
  );
  expect(await json('run', 'run.json')).toEqual(run);
});

test('takes a configuration from a file, overridden by flags, and names the folder itself', async () => {
  const yaml =
    'method: fixed\nprior: { kind: constant, factor: 0.25 }\nepochs: 9\nseed: 7\noptimizer: { learningRate: 0.01 }\n';
  await writeFile(join(scratch.path, 'config.yaml'), yaml);
  const { code, stdout } = await sshn(
    [...train.slice(0, -2), '--config', 'config.yaml', '--epochs', '1'],
    scratch.path,
  );
  expect(code).toBe(0);
  expect(stdout.match(/^epoch 1\/1 .*$/gm)).toHaveLength(1);
  const { config } = await json('runs', 'phantoms-cells-fixed-0.25-seed7', 'run.json');
  expect(config).toMatchObject({ method: 'fixed', epochs: 1, optimizer: { learningRate: 0.01, beta1: 0.9 } });
});
