import { join } from 'node:path';
import { generatePhantoms } from '@sshn/data';
import { diceScore } from '@sshn/losses';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FolderServer, serveFolder } from '../demo/serve-folder.js';
import {
  executablePath,
  moveSlider,
  type OpenPage,
  openPage,
  pixelsOf,
  waitForText,
} from './testing/browser.js';
import { type InstalledExample, installExample } from './testing/install.js';
import { runScript } from './testing/run.js';

// Needs Chromium; CHROMIUM may name one.
describe.skipIf(executablePath === undefined)('web-worker', () => {
  let example: InstalledExample;
  let served: FolderServer;
  let open: OpenPage;
  beforeAll(async () => {
    example = await installExample('web-worker');
    await runScript(example, 'train', { epochs: 12 });
    await runScript(example, 'build');
    served = await serveFolder(join(example.folder, 'dist'));
    open = await openPage(served.url, 'web-worker');
  }, 120_000);
  afterAll(async () => {
    await open?.[Symbol.asyncDispose]();
    await served?.[Symbol.asyncDispose]();
    example?.[Symbol.dispose]();
  });

  /** Labels of what is drawn. */
  async function predicted(): Promise<number[]> {
    const colors = ['235,235,235', '0,158,115', '213,94,0'];
    return (await pixelsOf(open.page, '#predicted')).map((pixel) => colors.indexOf(pixel.join()));
  }

  test('segments well what it is given, in a Worker', async () => {
    await waitForText(open.page, '#result', /^Picture 0, φ = 0.25/);
    expect(open.page.workers()).toHaveLength(1);
    expect(await waitForText(open.page, '#status', /Worker/)).toBe('In the Worker: wasm, 1 thread.');
    // The pictures that the page generates.
    const phantoms = generatePhantoms({ kind: 'cells', count: 1000, size: [64, 64], seed: 99 });
    const dice = async (id: number) => {
      const { labels } = await phantoms.load(phantoms.ids[id]!);
      return diceScore(await predicted(), labels.values, { labels: 3 }).mean;
    };
    expect(await dice(0)).toBeGreaterThan(0.6);
    await open.page.locator('#next').click();
    await waitForText(open.page, '#result', /^Picture 1, φ = 0.25/);
    expect(await dice(1)).toBeGreaterThan(0.6);
  });

  test('segments anew at another factor, and shows the last one wished for', async () => {
    const before = await predicted();
    for (const factor of [0.5, 0.4, 0.2, 0]) await moveSlider(open.page, '#factor', factor);
    await waitForText(open.page, '#result', /φ = 0:/);
    expect(await predicted()).not.toEqual(before);
  });

  test('hands fifty pictures over without a copy, and draws frames meanwhile', async () => {
    await open.page.locator('#many').click();
    const pace = await waitForText(open.page, '#pace', /pictures copied/);
    expect(pace).toMatch(/^50 pictures .* 0 pictures copied\.$/);
    expect(Number(/(\d+) frames/.exec(pace)?.[1])).toBeGreaterThan(2);
    expect(open.errors).toEqual([]);
  });

  test('says so where the model is missing', async () => {
    await using other = await openPage('about:blank', 'web-worker-without');
    await other.page.route('**/*.safetensors', (route) => route.fulfill({ status: 404 }));
    await other.page.goto(served.url);
    expect(await waitForText(other.page, '#status', /404/)).toContain('the server answered 404');
  });
});
