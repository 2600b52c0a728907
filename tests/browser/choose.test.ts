import type { BackendChoice } from '@sshn/model';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageFiles } from './bundle.js';
import { findChromium } from './chromium.js';
import { type FileServer, serve } from './serve.js';

const executablePath = findChromium();

// Needs Chromium; CHROMIUM may name one.
describe.skipIf(executablePath === undefined)('a page chooses its backend', () => {
  let browser: Browser;
  let server: FileServer;

  beforeAll(async () => {
    server = await serve(await pageFiles('choose.ts'), false);
    const args = ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
    browser = await chromium.launch({ executablePath: executablePath!, args });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  test.each(['storage', 'cache'])(
    'by measuring all, in the time they are given; its %s remembers it for the next visit',
    async (store) => {
      const context = await browser.newContext();
      /** A visit of its own: another page, the same storage. */
      const visit = async (milliseconds: number): Promise<BackendChoice> => {
        const page = await context.newPage();
        try {
          await page.goto(server.url);
          return await page.evaluate(
            ([ms, kind]) =>
              (globalThis as unknown as { choose(...args: unknown[]): Promise<BackendChoice> }).choose(
                'inference',
                ms,
                kind,
              ),
            [milliseconds, store] as const,
          );
        } finally {
          await page.close();
        }
      };
      const first = await visit(50);
      expect(first.isRemembered).toBe(false);
      expect(first.measurements.map(({ name }) => name)).toEqual(['wasm', 'webgpu']);
      const timed = first.measurements.filter(({ milliseconds }) => milliseconds !== undefined);
      expect(timed.length).toBeGreaterThanOrEqual(1);
      // Whatever takes longer than its time has been run once.
      for (const { milliseconds, runs } of timed) if (milliseconds! > 50) expect(runs).toBe(1);
      const fastest = timed.reduce((a, b) => (b.milliseconds! < a.milliseconds! ? b : a));
      expect(first.backend).toBe(fastest.name);

      // With a time that a test would not survive: nothing is measured again.
      const again = await visit(1e7);
      expect(again).toEqual({ ...first, isRemembered: true });
      await context.close();
    },
  );
});
