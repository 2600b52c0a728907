import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageFiles } from './bundle.js';
import { findChromium } from './chromium.js';
import { serve } from './serve.js';

const executablePath = findChromium();

// Needs Chromium; CHROMIUM may name one.
describe.skipIf(executablePath === undefined)('compressed DICOM files, in a page', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  test('are decoded as in Node', { timeout: 120_000 }, async () => {
    await using server = await serve(await pageFiles('decode.ts'), false);
    const page = await browser.newPage();
    try {
      await page.goto(server.url);
      const strays = await page.evaluate(
        () => (globalThis as unknown as { strays: Promise<Record<string, number>> }).strays,
      );
      expect(Object.keys(strays).length).toBeGreaterThan(30);
      for (const [name, stray] of Object.entries(strays)) {
        const isLossy = /baseline|extended|with loss/.test(name);
        expect(stray, name).toBeLessThanOrEqual(isLossy ? 1 : 0);
      }
    } finally {
      await page.close();
    }
  });
});
