import { useFastWasm } from '@sshn/backend-wasm';
import { decodeImage, decodeNifti } from '@sshn/data';
import { warp } from '@sshn/registration';
import { stack, tensor } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { longestBlock } from '../blocks.js';
import { ellipseFile, niftiFile, pngFile } from '../files.js';
import { downloaded, drop, textOf, waitForText } from '../person.js';
import type { Visit } from '../visit.js';

/** The tab that registers. */
export function registrationTests(visit: () => Visit): void {
  test('registers a pair, shows it five ways, and blocks no frame', async () => {
    const { page } = visit();
    await page.focus('#tab-segment');
    await page.keyboard.press('End');
    const register = async () => {
      await page.click('#register-start');
      await waitForText(page, 'register-network-status', /^Network at φ 0\.25/);
      await waitForText(page, 'register-status', /^Refined, 12 of 12/);
    };
    expect(await longestBlock(page, register)).toBe(0);
    const status = await textOf(page, 'register-status');
    const [before, after] = [...status.matchAll(/0\.\d{3}/g)].map(Number) as [number, number];
    expect(after).toBeGreaterThan(before + 0.02);
    expect(status).toMatch(/\d+ of 4096 pixels folded|none of 4096 pixels folded/);
    // The network alone brings them together, and says at which cost.
    const network = await textOf(page, 'register-network-status');
    expect(network).toMatch(/MFLOPs, \d/);
    const [, unaided, predicted] = [...network.matchAll(/0\.\d{2,3}/g)].map(Number) as [
      number,
      number,
      number,
    ];
    expect(predicted).toBeGreaterThan(unaided + 0.1);
    const views = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLCanvasElement>('.gallery canvas')].map((view) => view.toDataURL()),
    );
    expect(new Set(views).size).toBe(5);
  });

  test('while φ moves, the field of the network alone is shown, at its cost', async () => {
    const { page } = visit();
    const before = await textOf(page, 'register-network-status');
    await page.locator('#register-factor').fill('0.5');
    const after = await waitForText(page, 'register-network-status', /^Network at φ 0\.50/);
    expect(after).not.toBe(before);
    expect(await waitForText(page, 'register-status', /^Network alone/)).toBe('Network alone');
    await page.uncheck('#register-network');
    expect(await page.locator('#register-factor').isDisabled()).toBe(true);
    await page.check('#register-network');
  });

  test('registers two files of one’s own; the image and the field that are downloaded belong together', async () => {
    const { page } = visit();
    const moving = ellipseFile('before.png', [60, 84], [28, 36], [14, 18]);
    const fixed = ellipseFile('after.png', [60, 84], [32, 46], [18, 15]);
    await drop(page, [moving, fixed], 'register-drop');
    expect(await textOf(page, 'moving-name')).toBe('Moving image: before.png');
    expect(await textOf(page, 'fixed-name')).toBe('Fixed image: after.png');
    await page.click('#register-start');
    const status = await waitForText(page, 'register-status', /^Refined, 12 of 12/);
    const [, before, after] = /unlikeness (\S+) → (\S+),/.exec(status)!;
    expect(Number(after)).toBeLessThan(Number(before) / 5);
    expect(status).toContain(', none of 5040 pixels folded');

    const moved = await downloaded(page, 'save-moved');
    const field = await downloaded(page, 'save-field');
    expect([moved.name, field.name]).toEqual(['moved.png', 'field.nii.gz']);
    const [x, y] = [0, 1].map((frame) => decodeNifti(field.bytes, field.name, { frame }));
    expect([x!.shape, x!.spacingMm]).toEqual([
      [1, 60, 84],
      [1, 1, 1],
    ]);
    await useFastWasm({ threads: 1 });
    const components = [y!, x!].map(({ data }) => tensor(data, [1, 60, 84], 'float32'));
    const image = await decodeImage(moving.bytes, moving.name);
    const [low, high] = [Math.min(...image.values), Math.max(...image.values)];
    const stretched = image.values.map((value) => (value - low) / (high - low));
    const warped = warp(tensor(stretched, [1, 60, 84, 1]), stack(components, 3)).dataSync();
    const shown = await decodeImage(moved.bytes, moved.name);
    expect(shown).toMatchObject({ size: [60, 84], channels: 3 });
    // One step of a byte.
    for (let i = 0; i < warped.length; i++)
      expect(Math.abs(shown.values[3 * i]! - warped[i]!)).toBeLessThan(1.01 / 255);
  });

  test('takes images of other sizes, slices of volumes, and another similarity; stops when told to', async () => {
    const { page } = visit();
    await drop(page, [pngFile(), niftiFile()], 'register-drop');
    await page.selectOption('#register-similarity', 'localNcc');
    await page.click('#register-start');
    const status = await waitForText(page, 'register-status', /^Refined, [1-9] of 12/);
    expect(status).toContain('its axial slice 7 of 12');
    expect(status).toContain('stripes.png was stretched to the size of the other');
    await page.click('#register-stop');
    await page.waitForSelector('#register-downloads', { state: 'visible' });
    expect(await textOf(page, 'register-status')).toMatch(/^Refined, \d of 12/);
  });

  test('says what is missing or wrong with a file', async () => {
    const { page } = visit();
    await drop(page, [pngFile(), { name: 'notes.txt', bytes: new Uint8Array(30) }], 'register-drop');
    await page.click('#register-start');
    expect(await waitForText(page, 'error', /notes\.txt/)).toMatch(/is not a PNG/);
    await page.selectOption('#register-source', 'generated');
    await page.click('#register-start');
    await waitForText(page, 'register-status', /^Refined, [1-9] of 12: Dice/);
    await page.click('#register-stop');
    expect(await page.locator('#error').isVisible()).toBe(false);
  });
}
