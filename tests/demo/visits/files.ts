import { expect, test } from 'vitest';
import { ballSeries, niftiFile, pngFile, tiffFile } from '../files.js';
import { choose, drop, textOf, waitForText } from '../person.js';
import type { Visit } from '../visit.js';

/** A person’s own files, whole and broken. */
export function fileTests(visit: () => Visit): void {
  test('takes files of one’s own: PNG, TIFF, DICOM, and the slices of NIfTI', async () => {
    const { page } = visit();
    for (const file of [pngFile(), tiffFile(), ballSeries()[3]!]) {
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

  test('takes all files of a DICOM series as one volume, and names the slice that is missing', async () => {
    const { page } = visit();
    const series = ballSeries();
    await drop(page, series);
    await waitForText(page, 'slice-number', /^7 of 12$/);
    expect(await textOf(page, 'picture-name')).toContain('slice-0.dcm and 11 more');
    await drop(page, series.slice(0, 5));
    expect(await waitForText(page, 'error', /slice-\d+\.dcm/)).toMatch(
      /mm apart on average\. Add the slices/,
    );
    await drop(page, [series[0]!, pngFile()]);
    expect(await waitForText(page, 'error', /stripes/)).toMatch(/is not a DICOM file/);
  });

  test.each([
    ['cut.png', pngFile().bytes.slice(0, 60)],
    ['notes.txt', new TextEncoder().encode('not an image')],
    ['broken.nii.gz', niftiFile().bytes.slice(0, 50)],
    ['empty.tif', new Uint8Array()],
    ['cut.dcm', ballSeries()[0]!.bytes.slice(0, 700)],
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
