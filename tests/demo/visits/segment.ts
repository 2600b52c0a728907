import { expect, test } from 'vitest';
import { longestBlock } from '../blocks.js';
import { textOf, waitForText } from '../person.js';
import type { Visit } from '../visit.js';

/** The first view: an image, φ, a budget. */
export function segmentTests(visit: () => Visit): void {
  test('opens with a generated image, segmented; its scripts are small', async () => {
    const { page } = visit();
    await page.goto(visit().server.url);
    const dice = await waitForText(page, 'dice', /^0\.\d/);
    expect(Number(dice)).toBeGreaterThan(0.8);
    expect(await textOf(page, 'backend-detail')).toMatch(/compiled kernels/);
    expect(await page.locator('#curve .mark').count()).toBe(11);
    expect(await page.locator('#curve .current').count()).toBe(1);

    // What other tabs need is not there yet.
    const names = [...visit().scriptBytes.keys()].join();
    expect(names).toMatch(/index-.*worker-|worker-.*index-/);
    expect(names).not.toMatch(/volume|stream|camera/);
    const total = [...visit().scriptBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
    expect(total).toBeGreaterThan(50_000);
    expect(total).toBeLessThan(1_500_000);
  });

  test('another φ segments anew, by keyboard, and blocks no frame', async () => {
    const { page } = visit();
    const [flops, curve] = [await textOf(page, 'flops'), await page.getAttribute('#curve', 'aria-label')];
    const picture = () => page.evaluate(() => document.querySelector('canvas')!.toDataURL());
    const before = await picture();
    const scales = await page.getAttribute('#scales', 'aria-label');
    expect(scales).toBe('Resolutions inside the network: 64, 16, 4, 1 pixels');
    await page.focus('#factor');
    const slide = async () => {
      await page.keyboard.press('Home');
      for (let i = 0; i < 15; i++) await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Home');
      await waitForText(page, 'flops', /^21\.3 /);
    };
    expect(await longestBlock(page, slide)).toBe(0);
    const busy = () =>
      page.evaluate(() =>
        setTimeout(() => {
          let sum = 0;
          for (let i = 0; i < 4e8; i++) sum += i;
          document.documentElement.dataset.sum = `${sum}`;
        }),
      );
    expect(
      await longestBlock(page, async () => {
        await busy();
        await page.waitForFunction(() => true);
      }),
    ).toBeGreaterThan(50);
    expect(await textOf(page, 'factor-value')).toBe('0.00');
    expect(await textOf(page, 'flops')).not.toBe(flops);
    expect(await page.getAttribute('#curve', 'aria-label')).not.toBe(curve);
    expect(await page.getAttribute('#scales', 'aria-label')).not.toBe(scales);
    expect(await textOf(page, 'milliseconds')).toMatch(/^\d+(\.\d)? ms$/);
    await expect.poll(picture).not.toBe(before);
  });

  test('a label that is unchecked is no longer drawn', async () => {
    const { page } = visit();
    const picture = () => page.evaluate(() => document.querySelector('canvas')!.toDataURL());
    const before = await picture();
    await page.getByLabel('nucleus', { exact: true }).uncheck();
    await expect.poll(picture).not.toBe(before);
    await page.getByLabel('nucleus', { exact: true }).check();
    await expect.poll(picture).toBe(before);
  });

  test('shows where it is unsure, and which Dice it expects; a moved slider ends that', async () => {
    const { page } = visit();
    const picture = () => page.evaluate(() => document.querySelector('canvas')!.toDataURL());
    const before = await picture();
    expect(await page.locator('#predicted-row').isVisible()).toBe(false);
    await page.getByLabel('Where it is unsure').check();
    const [, predicted, error] = /^(0\.\d+) ± (0\.\d+)$/.exec(await waitForText(page, 'predicted', /±/))!;
    expect(Number(predicted)).toBeGreaterThan(0.6);
    expect(Number(error)).toBeLessThan(0.1);
    expect(Math.abs(Number(predicted) - Number(await textOf(page, 'dice')))).toBeLessThan(0.2);
    // The answer is that of the last setting, and the cost that of both.
    expect(await textOf(page, 'unsure-settings')).toBe('φ 0.2 and φ 0.4');
    expect(await textOf(page, 'factor-value')).toBe('0.40');
    expect(await textOf(page, 'flops')).toBe('48.1 MFLOPs');
    await expect.poll(picture).not.toBe(before);
    await page.focus('#factor');
    await page.keyboard.press('Home');
    await waitForText(page, 'flops', /^21\.3 /);
    expect(await page.getByLabel('Where it is unsure').isChecked()).toBe(false);
    expect(await page.locator('#predicted-row').isVisible()).toBe(false);
    await expect.poll(picture).toBe(before);
  });

  test('a budget of one limit or several picks a setting, says why and its Dice, or that nothing meets it', async () => {
    const { page } = visit();
    const ask = async (limits: Partial<Record<'gflops' | 'milliseconds' | 'mebibytes' | 'dice', string>>) => {
      for (const limit of ['gflops', 'milliseconds', 'mebibytes', 'dice'] as const)
        await page.fill(`#limit-${limit}`, limits[limit] ?? '');
      await page.click('#budget button');
    };
    // One that some settings keep is there from the start.
    expect(Number(await page.inputValue('#limit-gflops'))).toBeGreaterThan(0.0213);
    await ask({ gflops: '0.022' });
    const why = await waitForText(page, 'reason', /^Factor /);
    expect(why).toMatch(/^Factor 0\.15 .* 0\.022 GFLOPs/);
    await waitForText(page, 'factor-value', /^0\.15$/);
    const dice = /Dice (0\.\d+)/.exec(why)![1]!;
    expect(await textOf(page, 'expected')).toBe(`Expected Dice ${Number(dice).toFixed(3)}`);

    await ask({ gflops: '0.001' });
    expect(await waitForText(page, 'reason', /^No setting/)).toMatch(
      /the nearest, factor 0, .* GFLOPs too much/,
    );
    expect(await textOf(page, 'expected')).toBe('');

    await ask({ dice: dice });
    const least = await waitForText(page, 'reason', /is the cheapest of/);
    expect(least).toContain(`with at least Dice ${dice}`);
    await ask({ gflops: '0.022', dice: '0.99' });
    expect(await waitForText(page, 'reason', /^No setting/)).toMatch(
      /at least Dice 0\.99: the nearest, .* too little/,
    );
    await ask({ mebibytes: '0.001' });
    expect(await waitForText(page, 'reason', /MiB/)).toMatch(
      /^No setting has at most 0\.001 MiB: the nearest/,
    );
    await ask({});
    await waitForText(page, 'reason', /^Give one limit/);

    await ask({ milliseconds: '10000' });
    await waitForText(page, 'reason', /^Factor .* ms/);
    await waitForText(page, 'factor-value', /^0\.(3|35|4|3\d)/);
    // All four, and the generous ones change nothing.
    await ask({ gflops: '0.022', milliseconds: '10000', mebibytes: '1000', dice: '0.5' });
    expect(
      await waitForText(page, 'reason', /and at most 0\.022 GFLOPs and at most 1000 MiB and at least/),
    ).toMatch(/^Factor 0\.15 /);
    await waitForText(page, 'factor-value', /^0\.15$/);
    expect(await textOf(page, 'expected')).toBe(`Expected Dice ${Number(dice).toFixed(3)}`);
  });
}
