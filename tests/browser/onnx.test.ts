import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { pageFiles } from './bundle.js';
import { findChromium } from './chromium.js';
import { serve } from './serve.js';

const executablePath = findChromium();

// Needs Chromium; CHROMIUM may name one.
test.skipIf(executablePath === undefined)(
  'onnxruntime-web gives the logits of tfjs in a page',
  { timeout: 120_000 },
  async () => {
    const files = await pageFiles('onnx-page.ts');
    const dist = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/wasm'));
    for (const name of ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'])
      files.set(`ort/${name}`, await readFile(join(dist, name)));
    await using server = await serve(files, false);
    const browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage();
      await page.goto(server.url);
      for (const factor of [0, 0.3, 0.5]) {
        const [difference, largest] = await page.evaluate(
          (at) => (globalThis as unknown as { compare(f: number): Promise<[number, number]> }).compare(at),
          factor,
        );
        expect(largest).toBeGreaterThan(0.01);
        expect(difference).toBeLessThan(1e-4 * largest);
      }
    } finally {
      await browser.close();
    }
  },
);
