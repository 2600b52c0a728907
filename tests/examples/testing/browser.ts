import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../browser/chromium.js';

/** Where Chromium is; undefined where there is none, and tests of pages are skipped. */
export const executablePath = findChromium();

/** A page of an example in a browser of its own. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** What went wrong in the page. */
  readonly errors: readonly string[];
}

/** Opens an address. `SSHN_SCREENSHOTS=FOLDER` keeps a picture of the page as it is when it is closed. */
export async function openPage(url: string, name: string): Promise<OpenPage> {
  const browser: Browser = await chromium.launch({
    executablePath: executablePath!,
    args: ['--no-sandbox', '--disable-background-networking', '--enable-unsafe-swiftshader'],
  });
  const page = await browser.newPage({ viewport: { width: 900, height: 640 } });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url);
  return {
    page,
    errors,
    [Symbol.asyncDispose]: async () => {
      const folder = process.env.SSHN_SCREENSHOTS;
      if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
      await browser.close();
    },
  };
}

/** Waits until an element's text fits, and returns it. */
export async function waitForText(page: Page, selector: string, pattern: RegExp): Promise<string> {
  await page.waitForFunction(
    ([element, source]) => new RegExp(source!).test(document.querySelector(element!)?.textContent ?? ''),
    [selector, pattern.source] as const,
    { timeout: 60_000 },
  );
  return (await page.locator(selector).textContent())!.trim();
}

/** Moves a slider as a person does, with the events that the page listens to. */
export async function moveSlider(page: Page, selector: string, value: number): Promise<void> {
  await page.locator(selector).fill(`${value}`);
}

/** Red, green and blue of a canvas, one list of three for each pixel. */
export async function pixelsOf(page: Page, selector: string): Promise<number[][]> {
  return page.evaluate((element) => {
    const canvas = document.querySelector<HTMLCanvasElement>(element)!;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: data.length / 4 }, (_, i) => [...data.subarray(4 * i, 4 * i + 3)]);
  }, selector);
}
