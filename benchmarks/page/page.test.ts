import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';
import { expect, test } from 'vitest';
import { findBrowser, playwright } from '../../scripts/find-browser.mjs';

const executablePath = findBrowser();

// Needs Chromium; CHROMIUM may name one.
test.skipIf(executablePath === undefined)(
  'the page measures ours beside others, whose results are the same',
  async () => {
    const outDir = await mkdtemp(join(tmpdir(), 'sshn-bench-page-'));
    const config = {
      root: fileURLToPath(new URL('.', import.meta.url)),
      logLevel: 'error' as const,
      build: { outDir },
    };
    await build(config);
    const server = await preview({ ...config, preview: { port: 0, host: '127.0.0.1' } });
    const { chromium } = playwright('playwright-core') as typeof import('playwright-core');
    const browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', ({ message }) => errors.push(message));
      const { port } = server.httpServer.address() as AddressInfo;
      await page.goto(`http://127.0.0.1:${port}/?size=32&features=4&turns=1&threads=2&only=wasm`);
      await page.click('#start');
      await page.waitForSelector('#copy:not([disabled])', { timeout: 120_000 });
      expect(await page.textContent('#status')).toBe('done');
      const tables = await page.$$eval('table', (found) =>
        found.map((table) =>
          [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent ?? '')),
        ),
      );
      expect(tables).toHaveLength(4);
      for (const rows of tables) {
        const timed = rows.filter(([, ms]) => /^[\d.]+ \(/.test(ms!)).map(([name]) => name);
        expect(timed).toEqual(expect.arrayContaining(['ours, wasm, 1 thread', 'ours, wasm, 2 threads']));
        expect(rows.flat().join()).not.toContain('another result');
      }
      const [inference] = tables;
      const names = inference!.filter(([, ms]) => /^[\d.]+ \(/.test(ms!)).map(([name]) => name);
      expect(names).toEqual(
        expect.arrayContaining(['onnxruntime-web, wasm, 2 threads', 'stock tfjs, wasm, 1 thread']),
      );
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
      await server.close();
      await rm(outDir, { recursive: true, force: true });
    }
  },
  240_000,
);
