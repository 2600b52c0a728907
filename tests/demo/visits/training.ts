import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { longestBlock } from '../blocks.js';
import { discFolder } from '../files.js';
import { choose, downloaded, dropFolder, textOf, waitForText } from '../person.js';
import type { Visit } from '../visit.js';

/** The tab that trains. */
export function trainingTests(visit: () => Visit): void {
  test('trains 20 steps, with loss and curve, blocks no frame, and the result opens again', async () => {
    const { page } = visit();
    await page.click('#tab-train');
    await page.fill('#train-steps', '20');
    const train = async () => {
      await page.click('#train-start');
      await waitForText(page, 'train-status', /^Step 1 /);
      await waitForText(page, 'train-status', /^Trained after 20 steps, loss \d\.\d{3}/);
    };
    expect(await longestBlock(page, train)).toBe(0);
    const line = await page.getAttribute('#loss-plot .line', 'points');
    expect(line!.split(' ')).toHaveLength(20);
    expect(await page.locator('#train-curve .mark').count()).toBe(6);

    const trained = await downloaded(page, 'train-save');
    await page.click('#tab-segment');
    await choose(page, 'model-file', trained);
    await waitForText(page, 'model', /^trained-cells\.safetensors: φ from 0 to 0\.5/);
    await waitForText(page, 'picture-name', /Generated cells/);
    expect(await page.locator('#factor').isEnabled()).toBe(true);
    expect(await page.locator('#error').isVisible()).toBe(false);
    expect(await textOf(page, 'curve-caption')).toContain('trained-cells.safetensors');
  });

  test('trains on a folder of one’s own, and says what it expected of another', async () => {
    const { page } = visit();
    const top = await mkdtemp(join(tmpdir(), 'sshn-folder-'));
    try {
      for (const { name, bytes } of discFolder(10)) {
        const file = join(top, 'discs', name);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, bytes);
      }
      await mkdir(join(top, 'pictures'));
      await writeFile(join(top, 'pictures/a.png'), discFolder(1)[0]!.bytes);

      await page.click('#tab-train');
      await page.selectOption('#train-kind', 'own');
      await page.click('#train-start');
      await waitForText(page, 'error', /There is no folder yet/);
      await page.setInputFiles('#train-folder', join(top, 'pictures'));
      await page.click('#train-start');
      const told = await waitForText(page, 'error', /^pictures/);
      expect(told).toMatch(/Expected: a folder with images\/ and labels\/ \(or masks\/\)/);

      await dropFolder(page, 'train-drop', join(top, 'discs'));
      await waitForText(page, 'train-folder-name', /^discs: 20 files$/);
      await page.fill('#train-size', '32');
      await page.fill('#train-steps', '6');
      await page.click('#train-start');
      await waitForText(page, 'train-status', /^Trained after 6 steps/);
      expect(await textOf(page, 'train-note')).toMatch(/^\d images to train on/);
      const trained = await downloaded(page, 'train-save');
      expect(trained.name).toBe('trained-discs.safetensors');
      await page.click('#train-use');
      await waitForText(page, 'purpose', /Made for: 32 × 32 pixels, grey, like .*discs/);
      await page.click('#tab-train');
      await page.selectOption('#train-kind', 'cells');
    } finally {
      await rm(top, { recursive: true, force: true });
    }
  });
}
