import { expect, test } from 'vitest';
import { knobbedModel } from '../knobbed-model.js';
import { choose, downloaded, drop, textOf, waitForText } from '../person.js';
import type { Visit } from '../visit.js';

/** Models as files. */
export function modelTests(visit: () => Visit): void {
  test('the network for one φ is a small file, which opens again', async () => {
    const { page } = visit();
    await page.click('summary');
    const whole = await downloaded(page, 'save-model');
    const plain = await downloaded(page, 'save-specialized');
    expect(plain.name).toMatch(/^cells-phi-0\.\d+\.safetensors$/);
    expect(plain.bytes.length * 4).toBeLessThan(whole.bytes.length);
    const dice = await textOf(page, 'dice');
    await choose(page, 'model-file', plain);
    await waitForText(page, 'model', /a plain network for φ/);
    expect(await page.locator('#factor').isDisabled()).toBe(true);
    await waitForText(page, 'dice', new RegExp(`^${dice}$`));
    // The plain network has one point at most; nothing of the other model's numbers stands beside it.
    expect(await page.locator('#curve .mark').count()).toBeLessThanOrEqual(1);
    expect(await textOf(page, 'curve-caption')).toContain(plain.name);
    expect(await textOf(page, 'reason')).toMatch(/^The most accurate setting within it/);
    await choose(page, 'model-file', { name: 'bad.safetensors', bytes: whole.bytes.slice(0, 500) });
    await waitForText(page, 'error', /bad\.safetensors/);
  });

  test('a model with several knobs is dropped on the picture, stands at its most accurate setting, and moves along its front', async () => {
    const { page } = visit();
    await drop(page, { name: 'knobs.safetensors', bytes: await knobbedModel() });
    await waitForText(page, 'model', /^knobs\.safetensors: φ from 0 to 0\.5/);
    const front = page.locator('#front');
    await waitForText(page, 'front-value', /^φ 0\.5, resolution 0\.75$/);
    expect(await front.inputValue()).toBe('2');
    const dear = await waitForText(page, 'flops', /MFLOPs/);
    await front.fill('0');
    await waitForText(page, 'front-value', /^φ 0\.25, width 0\.5, resolution 0\.5$/);
    expect(await page.locator('#factor').inputValue()).toBe('0.25');
    await page.waitForFunction((before) => document.getElementById('flops')!.textContent !== before, dear);
    expect(Number.parseFloat(await textOf(page, 'flops'))).toBeLessThan(Number.parseFloat(dear) / 3);
  });
}
