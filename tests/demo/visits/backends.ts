import { expect, test } from 'vitest';
import { textOf, waitForText } from '../person.js';
import type { Visit } from '../visit.js';

/** The choice of what computes. */
export function backendTests(visit: () => Visit): void {
  test('gives the same on another backend', async () => {
    const { page } = visit();
    const onWasm = Number(await waitForText(page, 'dice', /^0\.\d/));
    await page.selectOption('#backend', 'cpu');
    await waitForText(page, 'backend-detail', /plain JavaScript/);
    expect(Number(await waitForText(page, 'dice', /^0\.\d/))).toBeCloseTo(onWasm, 2);
    await page.selectOption('#backend', 'wasm');
    await waitForText(page, 'backend-detail', /compiled kernels/);
    expect(Number(await waitForText(page, 'dice', /^0\.\d/))).toBeCloseTo(onWasm, 2);

    await page.selectOption('#backend', 'auto');
    const why = await waitForText(page, 'backend-detail', /for a small network/);
    expect(await page.inputValue('#backend')).toBe(why.split(' ')[0]);
    expect(Number(await textOf(page, 'dice'))).toBeCloseTo(onWasm, 2);
    await page.selectOption('#backend', 'wasm');
    await waitForText(page, 'backend-detail', /compiled kernels/);
  });
}
