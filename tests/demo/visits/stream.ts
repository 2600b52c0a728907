import { expect, test } from 'vitest';
import { longestBlock } from '../blocks.js';
import { textOf, waitForText } from '../person.js';
import type { Visit } from '../visit.js';

/** The tab that holds a frame rate. */
export function streamTests(visit: () => Visit): void {
  const factor = async () => Number(await textOf(visit().page, 'stream-factor'));
  const setLoad = (milliseconds: number) =>
    visit().page.locator('#stream-load').fill(`${milliseconds}`, { force: true });

  test('segments a stream at the φ that this device has time for', async () => {
    const { page } = visit();
    await page.click('#tab-stream');
    await page.selectOption('#stream-rate', '10');
    await page.click('#stream-start');
    // On a machine that does not film ten frames a second, it says so.
    await waitForText(page, 'stream-verdict', /^(φ (is|went)|10 frames per second are not)/);
    await waitForText(page, 'stream-dice', /^0\.\d{3}$/);
    expect(await textOf(page, 'stream-fps')).toMatch(/^\d+\.\d of 10$/);
    const picture = () =>
      page.evaluate(() => document.querySelector<HTMLCanvasElement>('#stream-picture')!.toDataURL());
    const before = await picture();
    await expect.poll(picture).not.toBe(before);
    expect(await page.getAttribute('#stream-history', 'aria-label')).toMatch(/frames: .* % .*; φ is 0/);
    expect(await longestBlock(page, () => page.waitForTimeout(1500))).toBe(0);
  });

  test('φ gives way under load, and comes back', async () => {
    const { page } = visit();
    const tooSlow = /^Even the smallest φ is too slow for 10/;
    await setLoad(120);
    await waitForText(page, 'stream-verdict', tooSlow);
    const least = await factor();
    await setLoad(0);
    await waitForText(
      page,
      'stream-verdict',
      /^(φ (went up|is 0\.\d+, the most accurate:)|10 frames per second are not)/,
    );
    await expect.poll(factor, { timeout: 30_000 }).toBeGreaterThan(least);
    // From what a free device has time for: how much that was at the beginning depends on what else it did.
    await setLoad(120);
    await waitForText(page, 'stream-verdict', tooSlow);
    expect(await factor()).toBe(least);
    await setLoad(0);

    await page.click('#stream-stop');
    const stopped = await page.getAttribute('#stream-history', 'aria-label');
    await page.waitForTimeout(600);
    expect(await page.getAttribute('#stream-history', 'aria-label')).toBe(stopped);
    expect(await page.locator('#stream-start').isEnabled()).toBe(true);
  });
}
