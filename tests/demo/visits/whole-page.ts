import { expect, test } from 'vitest';
import { reachedByKeyboard, seriousFaults, waitForText } from '../person.js';
import type { Visit } from '../visit.js';

const tabs = ['segment', 'stream', 'volume', 'train', 'register'];

/** What holds for all of the page. */
export function wholePageTests(visit: () => Visit): void {
  test.each(['light', 'dark'] as const)('axe finds no serious fault: %s', async (colorScheme) => {
    const { page } = visit();
    await page.emulateMedia({ colorScheme });
    for (const tab of tabs) {
      await page.click(`#tab-${tab}`);
      expect(await seriousFaults(page), tab).toEqual([]);
    }
  });

  test('every control is reached by keyboard, and seen to be', async () => {
    const { page } = visit();
    for (const tab of tabs) {
      await page.click(`#tab-${tab}`);
      const { missed, unseen } = await reachedByKeyboard(page, `tab-${tab}`);
      expect(missed, tab).toEqual([]);
      expect(unseen, tab).toEqual([]);
    }
  });

  test('fits a phone', async () => {
    const { page } = visit();
    await page.setViewportSize({ width: 375, height: 740 });
    for (const tab of tabs) {
      await page.click(`#tab-${tab}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, tab).toBeLessThanOrEqual(0);
    }
  });

  test('works without a network once it was open', async () => {
    const { page, context, server, pageErrors } = visit();
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await context.setOffline(true);
    await server[Symbol.asyncDispose]();
    await page.reload();
    expect(Number(await waitForText(page, 'dice', /^0\.\d/))).toBeGreaterThan(0.8);
    expect(pageErrors).toEqual([]);
  });
}
