import { generatePhantoms } from '@sshn/data';
import { diceScore } from '@sshn/losses';
import { describe, expect, test } from 'vitest';
import { executablePath, moveSlider, openPage, pixelsOf, waitForText } from './testing/browser.js';
import { builtPage } from './testing/built-page.js';
import { toldDice } from './testing/expected.js';

// Needs Chromium; CHROMIUM may name one.
describe.skipIf(executablePath === undefined)('react-segmenter', () => {
  const visit = builtPage('react-segmenter');

  /** Labels of what is drawn over the picture: each color of the overlay pulls its pixels towards it by half. */
  async function predicted(values: Float32Array): Promise<number[]> {
    const overlays = [undefined, [0, 158, 115], [213, 94, 0]];
    return (await pixelsOf(visit().open.page, '.segmenter canvas')).map((pixel, i) => {
      const distances = overlays.map((color) =>
        pixel.reduce((sum, got, channel) => {
          const plain = 255 * values[3 * i + channel]!;
          const wanted = color === undefined ? plain : (plain + color[channel]!) / 2;
          return sum + Math.abs(got - wanted);
        }, 0),
      );
      return distances.indexOf(Math.min(...distances));
    });
  }

  test('draws a good segmentation over the image, and says how much it covers', async () => {
    const caption = await waitForText(visit().open.page, 'figcaption', /^φ = 0.25: .* %; [\d.]+ ms$/);
    const phantoms = generatePhantoms({ kind: 'cells', count: 1000, size: [64, 64], seed: 99 });
    const { image, labels } = await phantoms.load(phantoms.ids[0]!);
    const drawn = await predicted(image.values);
    expect(diceScore(drawn, labels.values, { labels: 3 }).mean).toBeGreaterThan(toldDice('react-segmenter'));
    const share = (100 * drawn.filter((label) => label === 1).length) / drawn.length;
    // Compression of colors to bytes may hide a pixel or two.
    expect(Number(/([\d.]+) %/.exec(caption)?.[1])).toBeCloseTo(share, -0.5);
  });

  test('shows the last of many factors, and another image', async () => {
    for (const factor of [0.5, 0.35, 0.1, 0]) await moveSlider(visit().open.page, '#factor', factor);
    await waitForText(visit().open.page, 'figcaption', /^φ = 0:/);
    const before = await pixelsOf(visit().open.page, '.segmenter canvas');
    await visit().open.page.locator('#next').click();
    await visit().open.page.waitForFunction(() => !document.querySelector('.segmenter[aria-busy=true]'));
    expect(await pixelsOf(visit().open.page, '.segmenter canvas')).not.toEqual(before);
  });

  test('ends its Worker with the component, and starts one when it is shown again', async () => {
    expect(visit().open.page.workers()).toHaveLength(1);
    await visit().open.page.locator('#shown').uncheck();
    await expect.poll(() => visit().open.page.workers().length).toBe(0);
    await visit().open.page.locator('#shown').check();
    await waitForText(visit().open.page, 'figcaption', /^φ = 0:/);
    expect(visit().open.page.workers()).toHaveLength(1);
    expect(visit().open.errors).toEqual([]);
  });

  test('says so where the model is missing', async () => {
    await using other = await openPage('about:blank', 'react-segmenter-without');
    await other.page.route('**/*.safetensors', (route) => route.fulfill({ status: 404 }));
    await other.page.goto(visit().served.url);
    expect(await waitForText(other.page, '[role=alert]', /404/)).toContain('the server answered 404');
  });
});
