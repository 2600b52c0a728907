import { expect, test } from 'vitest';
import { niftiFile, pngFile, tiffFile } from '../files.js';
import { choose, drop, textOf, waitForText } from '../person.js';
import type { Visit } from '../visit.js';

/** A person’s own files, whole and broken. */
export function fileTests(visit: () => Visit): void {
  test('takes files of one’s own: PNG, TIFF, and the slices of NIfTI', async () => {
    const { page } = visit();
    for (const file of [pngFile(), tiffFile()]) {
      await drop(page, file);
      await waitForText(page, 'picture-name', new RegExp(file.name));
      expect(await waitForText(page, 'dice', /unknown/)).toBe('truth unknown');
      expect(await page.locator('#slices').isVisible()).toBe(false);
    }
    await choose(page, 'file', niftiFile());
    await waitForText(page, 'slice-number', /^7 of 12$/);
    await page.selectOption('#axis', 'sagittal');
    await waitForText(page, 'slice-number', /^15 of 28$/);
    await page.focus('#slice');
    await page.keyboard.press('Home');
    await waitForText(page, 'slice-number', /^1 of 28$/);
    expect(await page.locator('#error').isVisible()).toBe(false);
  });

  test.each([
    ['cut.png', pngFile().bytes.slice(0, 60)],
    ['notes.txt', new TextEncoder().encode('not an image')],
    ['broken.nii.gz', niftiFile().bytes.slice(0, 50)],
    ['empty.tif', new Uint8Array()],
  ])('says what is wrong with %s, and goes on', async (name, bytes) => {
    const { page } = visit();
    await drop(page, { name, bytes });
    const told = await waitForText(page, 'error', new RegExp(name));
    expect(told).toMatch(/\.$/);
    expect(told).not.toMatch(/undefined|TypeError|RangeError/);
    const shown = await textOf(page, 'picture-name');
    await page.click('#next');
    await expect.poll(() => textOf(page, 'picture-name')).not.toBe(shown);
    expect(await textOf(page, 'picture-name')).toMatch(/^Generated cells/);
    expect(Number(await waitForText(page, 'dice', /^0\.\d/))).toBeGreaterThan(0);
    expect(await page.locator('#error').isVisible()).toBe(false);
  });
}
