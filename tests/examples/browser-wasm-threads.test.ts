import { cpus } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { executablePath, openPage, waitForText } from './testing/browser.js';
import { type InstalledExample, installExample } from './testing/install.js';
import { runScript, serveScript } from './testing/run.js';

// Needs Chromium; CHROMIUM may name one.
describe.skipIf(executablePath === undefined)('browser-wasm-threads', () => {
  let example: InstalledExample;
  beforeAll(async () => {
    example = await installExample('browser-wasm-threads');
    await runScript(example, 'build');
  });
  afterAll(() => example?.[Symbol.dispose]());

  /** Texts of the page when it is done. */
  async function visit(script: string) {
    await using served = await serveScript(example, script);
    await using open = await openPage(`${served.url}?images=12&edge=48&features=8`, script.replace(':', '-'));
    const verdict = await waitForText(open.page, '#verdict', /\.$/);
    expect(open.errors).toEqual([]);
    const rows = await open.page.locator('#rows tr').all();
    return {
      verdict,
      isolated: await open.page.locator('#isolated').textContent(),
      threads: await open.page.locator('#threads').textContent(),
      rows: await Promise.all(rows.map((row) => row.locator('td').allTextContents())),
    };
  }

  test('with the headers, it trains on all threads, to the same bits as on one', async () => {
    const { verdict, isolated, threads, rows } = await visit('start');
    expect(isolated).toBe('cross-origin isolated');
    const all = Math.min(8, cpus().length);
    expect(threads).toContain(`Training on ${all} thread`);
    expect(Number(rows[0]![0])).toBe(all);
    expect(Number(rows.at(-1)![0])).toBe(1);
    for (const [, milliseconds, , loss] of rows) {
      expect(Number(milliseconds)).toBeGreaterThan(0);
      expect(loss).toBe(rows[0]![3]);
      expect(Number(loss)).toBeGreaterThan(0);
    }
    if (all > 1) expect(verdict).toBe('The same loss to the last bit, however many threads.');
  });

  test('without them, it trains on one thread, and says why', async () => {
    const { verdict, isolated, threads, rows } = await visit('start:plain');
    expect(isolated).toBe('not cross-origin isolated');
    expect(threads).toContain('Training on 1 thread,');
    if (cpus().length > 1) expect(threads).toContain('not cross-origin isolated, so memory cannot be shared');
    expect(rows).toHaveLength(1);
    expect(verdict).toBe('Nothing to compare: this page has one thread.');
  });
});
