import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vulkan } from '@sshn-internal/testing';
import { expect, test } from 'vitest';
import { scratchFolder, sshn } from './command.js';

const scratch = scratchFolder();
// As little as is a training: a device in software is slow.
const train = [
  ...['train', 'phantoms:cells:8', '--size', '16x16', '--features', '2', '--stages', '2'],
  ...['--hyper-hidden', '4', '--epochs', '1', '--batch-size', '4', '--threads', '1'],
] as const;
const noDriver = { VK_ICD_FILENAMES: '/nowhere.json', VK_DRIVER_FILES: '/nowhere.json', LD_LIBRARY_PATH: '' };

interface Printed {
  readonly results: ReadonlyArray<{ readonly factor: number; readonly dice: number }>;
}

test('webgpu trains and evaluates: the Dice of wasm', async (context) => {
  const trained = await sshn([...train, '--backend', 'webgpu', '--out', 'run'], scratch.path, vulkan);
  context.skip(
    /^error: WebGPU does not start: no adapter/m.test(trained.stderr),
    'Dawn finds no driver here',
  );
  expect(trained.code, trained.stderr).toBe(0);
  expect(trained.stderr).not.toContain('webgpu:'); // what a device complains of
  expect(trained.stdout).toMatch(/^backend\s+webgpu \(.+\)/m);
  expect(trained.stdout).toMatch(/^epoch 1\/1 /m);
  const evaluated = async (backend: string): Promise<Printed> => {
    const words = ['evaluate', 'run', '--factors', '0.5', '--json', '--backend', backend];
    const { code, stdout, stderr } = await sshn(words, scratch.path, vulkan);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as Printed;
  };
  const [onWebgpu, onWasm] = [await evaluated('webgpu'), await evaluated('wasm')];
  expect(onWebgpu.results).toHaveLength(1);
  onWebgpu.results.forEach(({ factor, dice }, i) => {
    expect(factor).toBe(onWasm.results[i]!.factor);
    expect(dice).toBeCloseTo(onWasm.results[i]!.dice, 3);
  });
});

test.runIf(process.platform === 'linux')(
  'without a driver, webgpu ends in an error that names one',
  async () => {
    const { code, stderr } = await sshn([...train, '--backend', 'webgpu'], scratch.path, noDriver);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: WebGPU does not start: no adapter\. Dawn needs a driver: .*libvulkan1/m);
  },
);

test.runIf(process.platform === 'linux')('auto measures once, and remembers', async () => {
  const env = { ...noDriver, XDG_CACHE_HOME: scratch.path };
  const backendLine = async (out: string): Promise<string> => {
    const { code, stdout, stderr } = await sshn(
      [...train, '--backend', 'auto', '--out', out],
      scratch.path,
      env,
    );
    expect(code, stderr).toBe(0);
    return /^backend\s+(.*)$/m.exec(stdout)![1]!;
  };
  expect(await backendLine('first')).toMatch(
    /^wasm \(.*; wasm takes [\d.]+ ms for the gradients of a small network; webgpu is out: it does not start: no adapter\.$/,
  );
  const file = join(scratch.path, 'sshn', 'backend.json');
  const [choices, { mtimeMs }] = [await readFile(file, 'utf8'), await stat(file)];
  expect(await backendLine('second')).toMatch(/^wasm \(.*; measured earlier: wasm takes [\d.]+ ms /);
  expect(await readFile(file, 'utf8')).toBe(choices);
  expect((await stat(file)).mtimeMs).toBe(mtimeMs);
  // A file that somebody has broken is measured anew.
  await writeFile(file, '{');
  expect(await backendLine('third')).toMatch(/\); wasm takes/);
});

test('what is no backend is refused', async () => {
  const { code, stderr } = await sshn([...train, '--backend', 'cuda'], scratch.path);
  expect(code).toBe(2);
  expect(stderr).toMatch(/'cuda' is invalid\. Allowed choices are wasm, webgpu, auto\./);
});
