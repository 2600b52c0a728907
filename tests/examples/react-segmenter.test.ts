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
describe.skipIf(executablePath === undefined)('react-segmenter', () => {
  let example: InstalledExample;
  let served: FolderServer;
  let open: OpenPage;
  beforeAll(async () => {
    example = await installExample('react-segmenter');
    await runScript(example, 'train', { epochs: 12 });
    await runScript(example, 'build');
    served = await serveFolder(join(example.folder, 'dist'));
    open = await openPage(served.url, 'react-segmenter');
  }, 180_000);
  afterAll(async () => {
    await open?.[Symbol.asyncDispose]();
    await served?.[Symbol.asyncDispose]();
    example?.[Symbol.dispose]();
  });

  /** Labels of what is drawn over the picture: each color of the overlay pulls its pixels towards it by half. */
  async function predicted(values: Float32Array): Promise<number[]> {
    const overlays = [undefined, [0, 158, 115], [213, 94, 0]];
    return (await pixelsOf(open.page, '.segmenter canvas')).map((pixel, i) => {
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
    const caption = await waitForText(open.page, 'figcaption', /^φ = 0.25: .* %; [\d.]+ ms$/);
    const phantoms = generatePhantoms({ kind: 'cells', count: 1000, size: [64, 64], seed: 99 });
    const { image, labels } = await phantoms.load(phantoms.ids[0]!);
    const drawn = await predicted(image.values);
    expect(diceScore(drawn, labels.values, { labels: 3 }).mean).toBeGreaterThan(0.6);
    const share = (100 * drawn.filter((label) => label === 1).length) / drawn.length;
    // Compression of colors to bytes may hide a pixel or two.
    expect(Number(/([\d.]+) %/.exec(caption)?.[1])).toBeCloseTo(share, -0.5);
  });

  test('shows the last of many factors, and another image', async () => {
    for (const factor of [0.5, 0.35, 0.1, 0]) await moveSlider(open.page, '#factor', factor);
    await waitForText(open.page, 'figcaption', /^φ = 0:/);
    const before = await pixelsOf(open.page, '.segmenter canvas');
    await open.page.locator('#next').click();
    await open.page.waitForFunction(() => !document.querySelector('.segmenter[aria-busy=true]'));
    expect(await pixelsOf(open.page, '.segmenter canvas')).not.toEqual(before);
  });

  test('ends its Worker with the component, and starts one when it is shown again', async () => {
    expect(open.page.workers()).toHaveLength(1);
    await open.page.locator('#shown').uncheck();
    await expect.poll(() => open.page.workers().length).toBe(0);
    await open.page.locator('#shown').check();
    await waitForText(open.page, 'figcaption', /^φ = 0:/);
    expect(open.page.workers()).toHaveLength(1);
    expect(open.errors).toEqual([]);
  });

  test('says so where the model is missing', async () => {
    await using other = await openPage('about:blank', 'react-segmenter-without');
    await other.page.route('**/*.safetensors', (route) => route.fulfill({ status: 404 }));
    await other.page.goto(served.url);
    expect(await waitForText(other.page, '[role=alert]', /404/)).toContain('the server answered 404');
  });
});
