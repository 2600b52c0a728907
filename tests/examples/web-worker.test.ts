import { generatePhantoms } from '@sshn/data';
import { diceScore } from '@sshn/losses';
import { describe, expect, test } from 'vitest';
import { executablePath, moveSlider, openPage, pixelsOf, waitForText } from './testing/browser.js';
import { builtPage } from './testing/built-page.js';
import { toldDice } from './testing/expected.js';

// Needs Chromium; CHROMIUM may name one.
describe.skipIf(executablePath === undefined)('web-worker', () => {
  const visit = builtPage('web-worker');

  /** Labels of what is drawn. */
  async function predicted(): Promise<number[]> {
    const colors = ['235,235,235', '0,158,115', '213,94,0'];
    return (await pixelsOf(visit().open.page, '#predicted')).map((pixel) => colors.indexOf(pixel.join()));
  }

  test('segments well what it is given, in a Worker', async () => {
    await waitForText(visit().open.page, '#result', /^Picture 0, φ = 0.25/);
    expect(visit().open.page.workers()).toHaveLength(1);
    expect(await waitForText(visit().open.page, '#status', /Worker/)).toBe('In the Worker: wasm, 1 thread.');
    // The pictures that the page generates.
    const phantoms = generatePhantoms({ kind: 'cells', count: 1000, size: [64, 64], seed: 99 });
    const dice = async (id: number) => {
      const { labels } = await phantoms.load(phantoms.ids[id]!);
      return diceScore(await predicted(), labels.values, { labels: 3 }).mean;
    };
    expect(await dice(0)).toBeGreaterThan(toldDice('web-worker'));
    await visit().open.page.locator('#next').click();
    await waitForText(visit().open.page, '#result', /^Picture 1, φ = 0.25/);
    expect(await dice(1)).toBeGreaterThan(toldDice('web-worker'));
  });

  test('segments anew at another factor, and shows the last one wished for', async () => {
    const before = await predicted();
    for (const factor of [0.5, 0.4, 0.2, 0]) await moveSlider(visit().open.page, '#factor', factor);
    await waitForText(visit().open.page, '#result', /φ = 0:/);
    expect(await predicted()).not.toEqual(before);
  });

  test('hands fifty pictures over without a copy, and draws frames meanwhile', async () => {
    await visit().open.page.locator('#many').click();
    const pace = await waitForText(visit().open.page, '#pace', /pictures copied/);
    expect(pace).toMatch(/^50 pictures .* 0 pictures copied\.$/);
    expect(Number(/(\d+) frames/.exec(pace)?.[1])).toBeGreaterThan(2);
    expect(visit().open.errors).toEqual([]);
  });

  test('says so where the model is missing', async () => {
    await using other = await openPage('about:blank', 'web-worker-without');
    await other.page.route('**/*.safetensors', (route) => route.fulfill({ status: 404 }));
    await other.page.goto(visit().served.url);
    expect(await waitForText(other.page, '#status', /404/)).toContain('the server answered 404');
  });
});
