import { expect, test } from 'vitest';
import { ballSeries, niftiFile, pngFile } from '../files.js';
import { choose, drop, textOf, waitForText } from '../person.js';
import type { Visit } from '../visit.js';

/** The tab that shows volumes. */
export function volumeTests(visit: () => Visit): void {
  const picture = async () => (await visit().page.locator('#volume-canvas').screenshot()).toString('base64');

  test('shows a generated volume, segmented in 3D while φ moves', async () => {
    const { page } = visit();
    await page.click('#tab-volume');
    expect(Number(await waitForText(page, 'volume-dice', /^0\.\d/))).toBeGreaterThan(0.6);
    expect(await page.locator('#volume-curve .mark').count()).toBe(11);
    const [flops, labelled] = [await textOf(page, 'volume-flops'), await picture()];
    await page.focus('#volume-factor');
    await page.keyboard.press('End');
    await waitForText(page, 'volume-factor-value', /^0\.50$/);
    await expect.poll(() => textOf(page, 'volume-flops')).not.toBe(flops);
    await page.locator('#volume-opacity').fill('0');
    await expect.poll(picture).not.toBe(labelled);
  });

  test('is looked at from all sides, by keyboard', async () => {
    const { page } = visit();
    await page.locator('#volume-opacity').fill('0.6');
    let before = await picture();
    for (const act of [
      () => page.locator('#cross-x').fill('0.3'),
      () => page.locator('#volume-turn').fill('200'),
      () => page.selectOption('#volume-view', '3D'),
      () => page.getByLabel('hollow', { exact: true }).uncheck(),
    ]) {
      await act();
      await expect.poll(picture).not.toBe(before);
      before = await picture();
    }
  });

  test('takes volumes of one’s own, and tells a flat image from one', async () => {
    const { page } = visit();
    await drop(page, niftiFile(), 'volume-drop');
    await waitForText(page, 'volume-name', /^ball\.nii\.gz, 12 × 20 × 28 voxels$/);
    await waitForText(page, 'volume-dice', /^truth unknown$/);
    await drop(page, ballSeries(), 'volume-drop');
    await waitForText(page, 'volume-name', /^slice-0\.dcm and 11 more, 12 × 20 × 28 voxels$/);
    await choose(page, 'volume-file', pngFile());
    expect(await waitForText(page, 'error', /stripes\.png/)).toMatch(/no volume.*Segment/);
    expect(await textOf(page, 'volume-name')).toMatch(/^slice-0/);
    await page.click('#volume-next');
    await waitForText(page, 'volume-name', /^Generated volume 64,/);
    expect(await page.locator('#error').isVisible()).toBe(false);
  });

  test('a volume that was dropped on Segment opens in 3D', async () => {
    const { page } = visit();
    await page.click('#tab-segment');
    await drop(page, niftiFile());
    await waitForText(page, 'slice-number', /of 12$/);
    await page.click('#to-volumes');
    await waitForText(page, 'volume-name', /^ball/);
    expect(await page.getAttribute('#tab-volume', 'aria-selected')).toBe('true');
  });
}
