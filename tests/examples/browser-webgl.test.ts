import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  executablePath,
  moveSlider,
  type OpenPage,
  openPage,
  pixelsOf,
  waitForText,
} from './testing/browser.js';
import { toldDice } from './testing/expected.js';
import { type InstalledExample, installExample } from './testing/install.js';
import { runScript, type Served, serveScript } from './testing/run.js';

// Needs Chromium; CHROMIUM may name one.
describe.skipIf(executablePath === undefined)('browser-webgl', () => {
  let example: InstalledExample;
  let served: Served;
  let open: OpenPage;
  beforeAll(async () => {
    example = await installExample('browser-webgl');
    await runScript(example, 'samples');
    served = await serveScript(example, 'start');
    open = await openPage(served.url, 'browser-webgl');
  }, 300_000);
  afterAll(async () => {
    await open?.[Symbol.asyncDispose]();
    await served?.[Symbol.asyncDispose]();
    example?.[Symbol.dispose]();
  });

  const diceIn = (text: string) => Number(/Dice (\d\.\d+)/.exec(text)?.[1]);

  test('segments a picture, on WebGL, without a bundler', async () => {
    const result = await waitForText(open.page, '#result', /^Picture 0, φ = 0.25: Dice/);
    expect(diceIn(result)).toBeGreaterThan(toldDice('browser-webgl'));
    expect(await open.page.locator('#status').textContent()).toMatch(/precision\.$/);
    expect(open.errors).toEqual([]);

    // What is drawn is what is scored: the nucleus where it is in truth, mostly.
    const [predicted, truth] = await Promise.all(
      ['#predicted', '#truth'].map((id) => pixelsOf(open.page, id)),
    );
    expect(predicted).toHaveLength(64 * 64);
    const [a, b] = [predicted!, truth!].map((pixels) => pixels.map((pixel) => pixel.join() === '213,94,0'));
    const both = a!.filter((is, i) => is && b![i]).length;
    const dice = (2 * both) / (a!.filter(Boolean).length + b!.filter(Boolean).length);
    expect(dice).toBeGreaterThan(0.7);
  });

  test('segments anew at another factor, and another picture', async () => {
    const before = await pixelsOf(open.page, '#predicted');
    await moveSlider(open.page, '#factor', 0);
    await waitForText(open.page, '#result', /^Picture 0, φ = 0: Dice/);
    expect(await pixelsOf(open.page, '#predicted')).not.toEqual(before);

    await moveSlider(open.page, '#factor', 0.25);
    await open.page.locator('#sample').selectOption('2');
    const result = await waitForText(open.page, '#result', /^Picture 2, φ = 0.25: Dice/);
    expect(diceIn(result)).toBeGreaterThan(toldDice('browser-webgl'));
    expect(open.errors).toEqual([]);
  });

  test('the server keeps to its folder', async () => {
    expect((await fetch(`${served.url}%2e%2e%2fetc%2fpasswd`)).status).toBe(404);
    expect((await fetch(`${served.url}nothing`)).status).toBe(404);
  });
});
