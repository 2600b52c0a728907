import '@tensorflow/tfjs-backend-cpu';
import { setBackend } from '@tensorflow/tfjs-core';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageFiles } from './bundle.js';
import { findChromium } from './chromium.js';
import { deviation } from './conformance/compare.js';
import { type Outcome, runCases } from './conformance/run.js';
import { type FileServer, serve } from './serve.js';
import { cases } from './webgl/cases.js';
import type { KernelReport, PageFunctions } from './webgl/page.js';

const executablePath = findChromium();

// Needs Chromium; CHROMIUM may name one.
describe.skipIf(executablePath === undefined)('@sshn/backend-webgl in a page', () => {
  let browser: Browser;
  let server: FileServer;

  beforeAll(async () => {
    server = await serve(await pageFiles('webgl/page.ts'), false);
    const args = ['--no-sandbox', '--enable-unsafe-swiftshader'];
    browser = await chromium.launch({ executablePath: executablePath!, args });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  async function inPage<Name extends keyof PageFunctions>(
    name: Name,
    ...args: Parameters<PageFunctions[Name]>
  ): Promise<Awaited<ReturnType<PageFunctions[Name]>>> {
    const page = await browser.newPage();
    try {
      await page.goto(server.url);
      return (await page.evaluate(
        ([f, given]) => (globalThis as unknown as Record<string, (...a: unknown[]) => unknown>)[f]!(...given),
        [name, args] as const,
      )) as Awaited<ReturnType<PageFunctions[Name]>>;
    } finally {
      await page.close();
    }
  }

  describe('its kernels', () => {
    let report: KernelReport;
    let wanted: Outcome[];
    beforeAll(async () => {
      await setBackend('cpu');
      wanted = await runCases([], cases);
      report = await inPage('runKernels');
    }, 300_000);

    test.each(cases.map(({ name }, i) => [name, i] as const))('%s: as on cpu', (_name, i) => {
      const got = report.outcomes[i]!;
      expect(got.error).toBeUndefined();
      expect(got.leaked).toBeUndefined();
      expect(deviation(got.values, wanted[i]!.values)).toBeLessThan(1e-5);
    });

    test('all of them ran', () => {
      expect(report.status.kernels.length).toBeGreaterThan(0);
      expect([...new Set(report.ran)].sort()).toEqual([...report.status.kernels].sort());
    });

    test('float32 is seen, limits are told, nothing is wrong', () => {
      const { precision, mantissaBits, training, limits, problems, renderer } = report.status;
      expect({ precision, mantissaBits, training }).toEqual({
        precision: 'float32',
        mantissaBits: 23,
        training: 'runs',
      });
      expect(limits.maxTextureSize).toBeGreaterThanOrEqual(2048);
      expect(limits.maxTensorValues).toBe(limits.maxTextureSize ** 2);
      expect(renderer).not.toBe('');
      expect(problems).toEqual([]);
    });

    test('memory of the GPU stays as it is from round to round', () => {
      expect(report.bytes.slice(1)).toEqual(report.bytes.slice(0, -1));
    });
  });

  test('another factor compiles few programs, as sizes are uniforms', async () => {
    const [first, second, , , last] = await inPage('programsByFactor', [0.3, 0.37, 0.22, 0.5, 0.1]);
    expect(second! - first!).toBeLessThan(first! / 2);
    expect(last!).toBeLessThan(2 * first!);
  }, 120_000);

  test('where only float16 is rendered, it infers, and refuses to train', async () => {
    expect(await inPage('runImprecise', {})).toEqual({
      precision: 'less',
      mantissaBits: 10,
      training: 'refused',
      inferred: 1,
      trained: expect.stringMatching(
        /^WebglPrecisionError: Training a convolution: .* 10 bits .*useFastWasm\(\)/,
      ),
    });
  }, 120_000);

  test('unless it is told to', async () => {
    expect(await inPage('runImprecise', { imprecise: 'train' })).toMatchObject({
      training: 'runs',
      trained: 'yes',
    });
  }, 120_000);

  test('a context that is lost ends what waits and what comes in a typed error; a new call starts anew', async () => {
    const lost = expect.stringMatching(/^WebglContextLostError: .*useFastWasm\(\)/);
    expect(await inPage('loseContext')).toEqual({
      waiting: lost,
      after: lost,
      reported: 1,
      problems: [],
      anew: [1, 4, 9, 16, 25],
    });
  }, 120_000);
});
