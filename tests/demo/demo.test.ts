import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../browser/chromium.js';
import { niftiFile, pngFile, tiffFile } from './files.js';
import { choose, downloaded, drop, longestBlock, seriousFaults, textOf, waitForText } from './person.js';
import { type FolderServer, serveFolder } from './serve-folder.js';

const executablePath = findChromium();
const example = fileURLToPath(new URL('../../examples/demo/', import.meta.url));

/** Builds the page into a folder of its own, as `pnpm build` does; `DEMO_DIST` names one that is built already. */
async function built(folder: string): Promise<string> {
  if (process.env.DEMO_DIST !== undefined) return process.env.DEMO_DIST;
  const vite = join(example, 'node_modules/vite/bin/vite.js');
  // A test runner's own NODE_ENV would make another page of it.
  const env = { ...process.env, NODE_ENV: 'production' };
  await promisify(execFile)(process.execPath, [vite, 'build', '--outDir', folder], { cwd: example, env });
  return folder;
}

// Needs Chromium; CHROMIUM may name one. The tests are one visit, from top to bottom.
describe.skipIf(executablePath === undefined)('the demo, built and served as static files', () => {
  let folder: string;
  let server: FolderServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const scriptBytes = new Map<string, number>();
  const pageErrors: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sshn-demo-'));
    server = await serveFolder(await built(folder));
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
    context = await browser.newContext({ viewport: { width: 1100, height: 900 }, acceptDownloads: true });
    page = await context.newPage();
    page.on('pageerror', (error) => pageErrors.push(error.message));
    context.on('response', async (response) => {
      const { pathname } = new URL(response.url());
      if (!pathname.endsWith('.js') || response.fromServiceWorker() || scriptBytes.has(pathname)) return;
      const isOfServiceWorker = response.request().serviceWorker() !== null;
      if (!isOfServiceWorker) scriptBytes.set(pathname, gzipSync(await response.body()).length);
    });
  }, 600_000);

  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  test('opens with a generated image, segmented; its scripts are small', async () => {
    await page.goto(server.url);
    const dice = await waitForText(page, 'dice', /^0\.\d/);
    expect(Number(dice)).toBeGreaterThan(0.8);
    expect(await textOf(page, 'backend-detail')).toMatch(/compiled kernels/);
    expect(await page.locator('#curve .mark').count()).toBe(11);
    expect(await page.locator('#curve .current').count()).toBe(1);

    const names = [...scriptBytes.keys()].join();
    expect(names).toMatch(/index-.*worker-|worker-.*index-/);
    const total = [...scriptBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
    expect(total).toBeGreaterThan(50_000);
    expect(total).toBeLessThan(1_500_000);
  });

  test('another φ segments anew, by keyboard, and blocks no frame', async () => {
    const [flops, curve] = [await textOf(page, 'flops'), await page.getAttribute('#curve', 'aria-label')];
    const picture = () => page.evaluate(() => document.querySelector('canvas')!.toDataURL());
    const before = await picture();
    await page.focus('#factor');
    const slide = async () => {
      await page.keyboard.press('Home');
      for (let i = 0; i < 15; i++) await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Home');
      await waitForText(page, 'flops', /^21\.3 /);
    };
    // A machine that is busy with other things stops the page too: one quiet try of three is enough.
    let blocked = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3 && blocked > 0; i++) blocked = await longestBlock(page, slide);
    expect(blocked).toBe(0);
    const busy = () =>
      page.evaluate(() =>
        setTimeout(() => {
          for (const end = performance.now() + 120; performance.now() < end; );
        }),
      );
    expect(await longestBlock(page, async () => void (await busy()))).toBeGreaterThan(100);
    expect(await textOf(page, 'factor-value')).toBe('0.00');
    expect(await textOf(page, 'flops')).not.toBe(flops);
    expect(await page.getAttribute('#curve', 'aria-label')).not.toBe(curve);
    expect(await textOf(page, 'milliseconds')).toMatch(/^\d+(\.\d)? ms$/);
    await expect.poll(picture).not.toBe(before);
  });

  test('a label that is unchecked is no longer drawn', async () => {
    const picture = () => page.evaluate(() => document.querySelector('canvas')!.toDataURL());
    const before = await picture();
    await page.getByLabel('nucleus', { exact: true }).uncheck();
    await expect.poll(picture).not.toBe(before);
    await page.getByLabel('nucleus', { exact: true }).check();
    await expect.poll(picture).toBe(before);
  });

  test('a budget picks φ and says why, or that nothing meets it', async () => {
    await page.fill('#limit', '22');
    await page.click('#budget button');
    const why = await waitForText(page, 'reason', /^Factor /);
    expect(why).toMatch(/^Factor 0\.15 .* 0\.022 GFLOPs/);
    await waitForText(page, 'factor-value', /^0\.15$/);

    await page.fill('#limit', '1');
    await page.click('#budget button');
    expect(await waitForText(page, 'reason', /^No factor/)).toMatch(/the nearest, 0/);

    await page.fill('#limit', '10000');
    await page.selectOption('#limit-unit', 'milliseconds');
    await page.click('#budget button');
    await waitForText(page, 'reason', /^Factor .* ms/);
    await waitForText(page, 'factor-value', /^0\.(3|35|4|3\d)/);
  });

  test('takes files of one’s own: PNG, TIFF, and the slices of NIfTI', async () => {
    for (const file of [pngFile(), tiffFile()]) {
      await drop(page, file);
      await waitForText(page, 'picture-name', new RegExp(file.name));
      expect(await waitForText(page, 'dice', /unknown/)).toBe('truth unknown');
      expect(await page.locator('#slices').isVisible()).toBe(false);
    }
    await choose(page, 'file', niftiFile());
    await waitForText(page, 'slice-number', /^7 of 12$/);
    await page.selectOption('#axis', 'sagittal');
    await waitForText(page, 'slice-number', /^15 of 28$/);
    await page.focus('#slice');
    await page.keyboard.press('Home');
    await waitForText(page, 'slice-number', /^1 of 28$/);
    expect(await page.locator('#error').isVisible()).toBe(false);
  });

  test.each([
    ['cut.png', pngFile().bytes.slice(0, 60)],
    ['notes.txt', new TextEncoder().encode('not an image')],
    ['broken.nii.gz', niftiFile().bytes.slice(0, 50)],
    ['empty.tif', new Uint8Array()],
  ])('says what is wrong with %s, and goes on', async (name, bytes) => {
    await drop(page, { name, bytes });
    const told = await waitForText(page, 'error', new RegExp(name));
    expect(told).toMatch(/\.$/);
    expect(told).not.toMatch(/undefined|TypeError|RangeError/);
    const shown = await textOf(page, 'picture-name');
    await page.click('#next');
    await expect.poll(() => textOf(page, 'picture-name')).not.toBe(shown);
    expect(await textOf(page, 'picture-name')).toMatch(/^Generated cells/);
    expect(Number(await waitForText(page, 'dice', /^0\.\d/))).toBeGreaterThan(0);
    expect(await page.locator('#error').isVisible()).toBe(false);
  });

  test('gives the same on another backend', async () => {
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

  test('the network for one φ is a small file, which opens again', async () => {
    await page.click('summary');
    const whole = await downloaded(page, 'save-model');
    const plain = await downloaded(page, 'save-specialized');
    expect(plain.name).toMatch(/^cells-phi-0\.\d+\.safetensors$/);
    expect(plain.bytes.length * 10).toBeLessThan(whole.bytes.length);
    const dice = await textOf(page, 'dice');
    await choose(page, 'model-file', plain);
    await waitForText(page, 'model', /a plain network for φ/);
    expect(await page.locator('#factor').isDisabled()).toBe(true);
    await waitForText(page, 'dice', new RegExp(`^${dice}$`));
    await choose(page, 'model-file', { name: 'bad.safetensors', bytes: whole.bytes.slice(0, 500) });
    await waitForText(page, 'error', /bad\.safetensors/);
  });

  test('trains 20 steps, with loss and curve, and the result opens again', async () => {
    await page.click('#tab-train');
    await page.fill('#train-steps', '20');
    await page.click('#train-start');
    await waitForText(page, 'train-status', /^Trained after 20 steps, loss \d\.\d{3}/);
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

  test('registers a pair', async () => {
    await page.focus('#tab-segment');
    await page.keyboard.press('End');
    await page.click('#register-start');
    const status = await waitForText(page, 'register-status', /^12 of 12/);
    const [before, after] = [...status.matchAll(/0\.\d{3}/g)].map(Number) as [number, number];
    expect(after).toBeGreaterThan(before + 0.02);
    expect(status).toMatch(/0\.00 % of pixels folded/);
    const views = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLCanvasElement>('.gallery canvas')].map((view) => view.toDataURL()),
    );
    expect(new Set(views).size).toBe(5);
  });

  test.each(['light', 'dark'] as const)('axe finds no serious fault: %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    for (const tab of ['segment', 'train', 'register']) {
      await page.click(`#tab-${tab}`);
      expect(await seriousFaults(page), tab).toEqual([]);
    }
  });

  test('fits a phone', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const tab of ['segment', 'train', 'register']) {
      await page.click(`#tab-${tab}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, tab).toBeLessThanOrEqual(0);
    }
  });

  test('works without a network once it was open', async () => {
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await context.setOffline(true);
    await server[Symbol.asyncDispose]();
    await page.reload();
    expect(Number(await waitForText(page, 'dice', /^0\.\d/))).toBeGreaterThan(0.8);
    expect(pageErrors).toEqual([]);
  });
});
