import { expect, test } from 'vitest';
import { longestBlock } from '../blocks.js';
import { textOf, waitForText } from '../person.js';
import type { Visit } from '../visit.js';

/** The tab that registers. */
export function registrationTests(visit: () => Visit): void {
  test('registers a pair, shows it five ways, and blocks no frame', async () => {
    const { page } = visit();
    await page.focus('#tab-segment');
    await page.keyboard.press('End');
    const register = async () => {
      await page.click('#register-start');
      await waitForText(page, 'register-status', /^[0-9] of 12/);
      await waitForText(page, 'register-status', /^12 of 12/);
    };
    expect(await longestBlock(page, register)).toBe(0);
    const status = await textOf(page, 'register-status');
    const [before, after] = [...status.matchAll(/0\.\d{3}/g)].map(Number) as [number, number];
    expect(after).toBeGreaterThan(before + 0.02);
    expect(status).toMatch(/0\.00 % of pixels folded/);
    const views = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLCanvasElement>('.gallery canvas')].map((view) => view.toDataURL()),
    );
    expect(new Set(views).size).toBe(5);
  });
}
