import { expect, test } from 'vitest';
import { textOf, waitForText } from '../person.js';
import type { Visit } from '../visit.js';

/** The graphics card: the same results, and a way on where it goes away. */
export function graphicsTests(visit: () => Visit): void {
  const picture = () => visit().page.evaluate(() => document.querySelector('canvas')!.toDataURL());

  test('webgl segments as wasm does', async () => {
    const { page } = visit();
    await page.click('#tab-segment');
    const [dice, onWasm] = [await waitForText(page, 'dice', /^0\.\d/), await picture()];
    // The Worker's own context, to lose it below.
    await visit()
      .segmenter()
      .evaluate(() => {
        const scope = globalThis as unknown as { contexts: unknown[] };
        scope.contexts = [];
        const { getContext } = OffscreenCanvas.prototype;
        OffscreenCanvas.prototype.getContext = function (this: OffscreenCanvas, ...args: unknown[]) {
          const context = (getContext as (...given: unknown[]) => unknown).apply(this, args);
          scope.contexts.push(context);
          return context;
        } as unknown as typeof getContext;
      });
    await page.selectOption('#backend', 'webgl');
    await waitForText(page, 'backend-detail', /programs of ours/);
    expect(Number(await textOf(page, 'dice'))).toBeCloseTo(Number(dice), 2);
    await expect.poll(picture).toBe(onWasm);
  });

  test('a graphics card that goes away is told, with a way back to wasm', async () => {
    const { page } = visit();
    await visit()
      .segmenter()
      .evaluate(() => {
        const { contexts } = globalThis as unknown as { contexts: (WebGL2RenderingContext | null)[] };
        for (const context of contexts) context?.getExtension('WEBGL_lose_context')?.loseContext();
      });
    await page.focus('#factor');
    await page.keyboard.press('Home');
    expect(await waitForText(page, 'error', /graphics card away/)).toMatch(/Go on with wasm$/);
    await page.click('#to-wasm');
    await waitForText(page, 'backend-detail', /compiled kernels/);
    expect(await page.inputValue('#backend')).toBe('wasm');
    await waitForText(page, 'flops', /^21\.3 /);
    expect(Number(await waitForText(page, 'dice', /^0\.\d/))).toBeGreaterThan(0.3);
    expect(await page.locator('#error').isVisible()).toBe(false);
    await page.locator('#factor').fill('0.3');
    await waitForText(page, 'factor-value', /^0\.30$/);
  });
}
