import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { findChromium } from './chromium.js';
import { serve } from './serve.js';

const benchmarks = fileURLToPath(new URL('../../benchmarks/', import.meta.url));
const executablePath = findChromium();

/** The page of `pnpm bench:page`, as that builds it. */
async function builtPage(): Promise<Map<string, Uint8Array>> {
  const folder = await mkdtemp(join(tmpdir(), 'sshn-benchmark-page-'));
  try {
    const vite = join(benchmarks, 'node_modules/vite/bin/vite.js');
    const env = { ...process.env, NODE_ENV: 'production' };
    await promisify(execFile)(process.execPath, [vite, 'build', 'page', '--outDir', folder], {
      cwd: benchmarks,
      env,
    });
    const files = new Map<string, Uint8Array>();
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(path.slice(folder.length + 1).replaceAll('\\', '/'), await readFile(path));
    }
    return files;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// Needs Chromium; CHROMIUM may name one.
test.skipIf(executablePath === undefined)(
  'the page of benchmarks measures ours beside others, whose results are the same',
  { timeout: 240_000 },
  async () => {
    await using server = await serve(await builtPage(), true);
    const browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', ({ message }) => errors.push(message));
      await page.goto(`${server.url}?size=32&features=4&turns=1&threads=2&only=wasm`);
      await page.click('#start');
      await page.waitForSelector('#copy:not([disabled])', { timeout: 120_000 });
      expect(await page.textContent('#status')).toBe('done');
      const tables = await page.$$eval('table', (found) =>
        found.map((table) =>
          [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent ?? '')),
        ),
      );
      const timedIn = (rows: readonly string[][]) =>
        rows.filter(([, ms]) => /^[\d.]+ \(/.test(ms!)).map(([name]) => name);
      expect(tables).toHaveLength(4);
      for (const rows of tables) {
        const ours = ['ours, wasm, 1 thread', 'ours, wasm, 2 threads'];
        expect(timedIn(rows)).toEqual(expect.arrayContaining(ours));
        expect(rows.flat().join()).not.toContain('another result');
      }
      const others = [
        'onnxruntime-web, wasm, 2 threads',
        'LiteRT, wasm, 2 threads',
        'stock tfjs, wasm, 1 thread',
      ];
      expect(timedIn(tables[0]!)).toEqual(expect.arrayContaining(others));
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);
