import { decodeLabels, decodeNifti } from '@sshn/data';
import { expect, test } from 'vitest';
import { ballSeries, ellipseFile, niftiFile, pngFile, tiffFile } from '../files.js';
import { choose, downloaded, drop, textOf, waitForText } from '../person.js';
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

  test('an image of one’s own keeps its pixels; where it is unlike those of training is said; its mask is downloaded', async () => {
    const { page } = visit();
    const photo = ellipseFile('photo.png', [300, 700], [150, 340], [80, 120]);
    await drop(page, photo);
    await waitForText(page, 'picture-name', /^photo\.png$/);
    await waitForText(page, 'dice', /unknown/);
    expect(await textOf(page, 'picture-size')).toBe('700 × 300 pixels');
    expect(await textOf(page, 'purpose')).toMatch(/^Made for: 64 × 64 pixels, color, like .*generated cells/);
    const told = await waitForText(page, 'outside-list', /Size/);
    expect(told).toContain('Size: 700 × 300, the model was trained on 64 × 64');
    expect(told).toContain('Shape: it is stretched');
    expect(told).toContain('Color: it is grey');
    expect(told).toMatch(/Intensities: .*mean red 0\.\d+ \(in training 0\.\d+ to 0\.\d+\)/);
    const canvas = page.locator('#picture');
    expect([await canvas.getAttribute('width'), await canvas.getAttribute('height')]).toEqual(['700', '300']);
    await page.click('#zoom');
    expect((await canvas.boundingBox())!.width).toBe(700);
    await page.click('#zoom');
    const mask = await downloaded(page, 'save-mask');
    expect(mask.name).toBe('photo-mask.png');
    const whole = await decodeLabels(mask.bytes, mask.name);
    expect(whole.size).toEqual([300, 700]);
    expect(whole.values.every((label) => label <= 2)).toBe(true);

    // In tiles, at its own pixels: another mask.
    await page.selectOption('#resolution', 'own');
    const tiled = await decodeLabels((await downloaded(page, 'save-mask')).bytes, mask.name);
    expect(tiled.size).toEqual([300, 700]);
    expect(tiled.values.some((label, i) => label !== whole.values[i])).toBe(true);
    await page.selectOption('#resolution', 'training');

    await page.click('#next');
    await waitForText(page, 'dice', /^0\.\d/);
    expect(await page.locator('#outside').isVisible()).toBe(false);
  });

  test('the mask of a volume lies on its grid', async () => {
    const { page } = visit();
    const ball = niftiFile();
    await drop(page, ball);
    await waitForText(page, 'slice-number', /of 12$/);
    const mask = await downloaded(page, 'save-mask');
    expect(mask.name).toBe('ball-mask.nii.gz');
    const [volume, labels] = [decodeNifti(ball.bytes, ball.name), decodeNifti(mask.bytes, mask.name)];
    expect([labels.shape, labels.affine]).toEqual([volume.shape, volume.affine]);
  });

  test('takes all files of a DICOM series as one volume, and names the slice that is missing', async () => {
    const { page } = visit();
    const series = ballSeries();
    await drop(page, series);
    // The volume before it has as many slices.
    await waitForText(page, 'picture-name', /slice-0\.dcm and 11 more/);
    expect(await textOf(page, 'slice-number')).toMatch(/^7 of 12$/);
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
