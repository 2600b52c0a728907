import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { initialize, Rng } from '@sshn/core';
import { type ManifestInput, networkOf } from '@sshn/model';
import { readModelFile, writeModelFile } from '@sshn/model/node';
import { setBackend } from '@tensorflow/tfjs-core';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageFiles } from './bundle.js';
import { findChromium } from './chromium.js';
import { compute, type Outcome } from './compute.js';
import type { Engine, PageOutcome } from './page.js';
import { serve } from './serve.js';

const executablePath = findChromium();

const manifest: ManifestInput = {
  task: 'segmentation',
  network: { architecture: 'unet', options: { inChannels: 1, outChannels: 3, features: [4, 6, 8] } },
  method: {
    kind: 'sshn',
    hypernetwork: {
      hidden: [10, 100],
      encoding: 'linear',
      form: 'residual',
      residualScale: 0.1,
      factors: 1,
      conditions: 0,
    },
  },
  prior: { kind: 'uniform', low: 0, high: 0.5 },
  preprocessing: { size: [19, 23], channels: 1, intensity: { kind: 'none' } },
  labels: [{ name: 'background' }, { name: 'nucleus' }, { name: 'cytoplasm' }],
  accuracyCost: [],
  provenance: {
    versions: {},
    seed: 1,
    dataset: 'none',
    date: '2000-01-01T00:00:00.000Z',
    configHash: 'none',
  },
};

function expectAgreement(got: Outcome, want: Outcome): void {
  const largest = Math.max(...want.logits.map(Math.abs));
  expect(got.logits).toHaveLength(want.logits.length);
  const worst = Math.max(...want.logits.map((value, i) => Math.abs(value - got.logits[i]!)));
  expect(worst / largest).toBeLessThan(1e-5);
  expect(got.loss / want.loss).toBeCloseTo(1, 5);
  expect(Object.keys(got.gradients)).toEqual(Object.keys(want.gradients));
  const steepest = Math.max(...Object.values(want.gradients));
  for (const [name, size] of Object.entries(want.gradients))
    expect(Math.abs(got.gradients[name]! - size) / steepest, name).toBeLessThan(1e-4);
  expect(got.leaked).toBeUndefined();
}

// Needs Chromium; CHROMIUM may name one.
describe.skipIf(executablePath === undefined)('a model file from Node, in a page', () => {
  let browser: Browser;
  let folder: string;
  let files: Map<string, Uint8Array | string>;

  beforeAll(async () => {
    await setBackend('cpu');
    folder = await mkdtemp(join(tmpdir(), 'sshn-browser-'));
    const { specs } = networkOf(manifest);
    const path = join(folder, 'cells.safetensors');
    await writeModelFile(path, { specs, params: initialize(specs, Rng.fromSeed(1)), manifest });
    files = await pageFiles('page.ts');
    files.set('cells.safetensors', await readFile(path));
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs the model in a page of its own. */
  async function runInPage(engine: Engine, factor: number, isIsolated: boolean): Promise<PageOutcome> {
    await using server = await serve(files, isIsolated);
    const page = await browser.newPage();
    try {
      await page.goto(server.url);
      return await page.evaluate(
        ([name, phi]) =>
          (globalThis as unknown as { runModel(...args: unknown[]): Promise<PageOutcome> }).runModel(
            name,
            'cells.safetensors',
            phi,
          ),
        [engine, factor] as const,
      );
    } finally {
      await page.close();
    }
  }

  const inNode = async (factor: number) =>
    compute(await readModelFile(join(folder, 'cells.safetensors')), factor);

  test.each<[Engine, number]>([
    ['cpu', 0.25],
    ['wasm', 0.25],
    ['wasm', 0],
    ['fast wasm', 0.25],
  ])('on %s, φ = %f: the logits, loss and gradients of Node', async (engine, factor) => {
    expectAgreement(await runInPage(engine, factor, false), await inNode(factor));
  });

  test('our kernels run in a page, on one thread where it is not isolated', async () => {
    const { nativeKernels, simd, threads, limits } = await runInPage('fast wasm', 0.5, false);
    expect(nativeKernels).toBeGreaterThan(0);
    expect(simd).toBe('relaxed'); // Chromium has it since version 114.
    expect(threads).toBe(1);
    expect(limits.join()).toMatch(/isolat/);
  });

  test('and on two where it is', async () => {
    const outcome = await runInPage('fast wasm', 0.5, true);
    expect(outcome.limits).toEqual([]);
    expect(outcome.threads).toBe(2);
    expectAgreement(outcome, await inNode(0.5));
  });

  test('and on one where that is asked for', async () => {
    const outcome = await runInPage('fast wasm, one thread', 0.5, true);
    expect(outcome).toMatchObject({ threads: 1, limits: [] });
    expect(outcome.nativeKernels).toBeGreaterThan(0);
    expectAgreement(outcome, await inNode(0.5));
  });

  test('a file that is not there ends in one clear line', async () => {
    files.delete('cells.safetensors');
    await expect(runInPage('cpu', 0.5, false)).rejects.toThrow(
      'cells.safetensors: the server answered 404 Not Found. Check the address.',
    );
  });
});
