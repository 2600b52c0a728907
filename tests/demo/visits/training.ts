import { expect, test } from 'vitest';
import { longestBlock } from '../blocks.js';
import { choose, downloaded, waitForText } from '../person.js';
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
  });
}
