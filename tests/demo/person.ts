import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import type { DroppedFile } from './files.js';

/** The text of an element. */
export async function textOf(page: Page, id: string): Promise<string> {
  return (await page.locator(`#${id}`).textContent())!.trim();
}

/** Waits until the text of an element fits. */
export async function waitForText(page: Page, id: string, pattern: RegExp): Promise<string> {
  await page.waitForFunction(
    ([element, source]) => new RegExp(source!).test(document.getElementById(element!)?.textContent ?? ''),
    [id, pattern.source] as const,
  );
  return textOf(page, id);
}

/** Drops a file on the picture. */
export async function drop(page: Page, { name, bytes }: DroppedFile): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([fileName, content]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(content)], fileName));
      return data;
    },
    [name, [...bytes]] as const,
  );
  await page.dispatchEvent('#drop', 'drop', { dataTransfer: transfer });
}

/** Clicks and takes what is downloaded: its name and bytes. */
export async function downloaded(page: Page, id: string): Promise<DroppedFile> {
  const waiting = page.waitForEvent('download');
  await page.click(`#${id}`);
  const download = await waiting;
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** Chooses a file in a file picker. */
export async function choose(page: Page, id: string, { name, bytes }: DroppedFile): Promise<void> {
  const file = { name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) };
  await page.setInputFiles(`#${id}`, file);
}

/** What axe finds serious or critical, one line each. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') });
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
      };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}

/** The longest time that the page's thread was blocked during some work, in ms; 0 below 50. */
export async function longestBlock(page: Page, work: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(globalThis, { blockedTasks: tasks });
    new PerformanceObserver((list) =>
      tasks.push(...list.getEntries().map(({ duration }) => duration)),
    ).observe({
      entryTypes: ['longtask'],
    });
  });
  await work();
  // The browser tells of long tasks a little later.
  await page.waitForTimeout(200);
  return page.evaluate(() =>
    Math.max(0, ...(globalThis as unknown as { blockedTasks: number[] }).blockedTasks),
  );
}
