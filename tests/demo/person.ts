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

/** Drops a file on the picture, or on another area. */
export async function drop(page: Page, { name, bytes }: DroppedFile, area = 'drop'): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([fileName, content]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(content)], fileName));
      return data;
    },
    [name, [...bytes]] as const,
  );
  await page.dispatchEvent(`#${area}`, 'drop', { dataTransfer: transfer });
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

/**
 * The least of three tries of the longest block, or 0 as soon as one try had none: a machine that is busy with other
 * things stops the page too.
 */
export async function quietly(page: Page, work: () => Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3 && least > 0; i++) least = Math.min(least, await longestBlock(page, work));
  return least;
}

/** Presses Tab from an element to the end of the page: which controls had no focus, and which had one that cannot be seen. */
export async function reachedByKeyboard(
  page: Page,
  from: string,
): Promise<{ missed: string[]; unseen: string[] }> {
  await page.focus(`#${from}`);
  const reached = new Set<string>();
  const unseen: string[] = [];
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const at = document.activeElement as HTMLElement;
      // A file picker's label shows its focus.
      const drawn = at.closest('.file') ?? at;
      return {
        name: at.id || at.getAttribute('aria-label') || at.tagName,
        outline: getComputedStyle(drawn).outlineStyle,
      };
    });
    if (focus.name === 'BODY' || reached.has(focus.name)) break;
    reached.add(focus.name);
    if (focus.outline === 'none') unseen.push(focus.name);
  }
  const expected = await page.evaluate(() =>
    [
      ...document.querySelectorAll<HTMLInputElement>(
        'main :is(button, input, select, summary, canvas[tabindex])',
      ),
    ]
      .filter((control) => control.checkVisibility() && !control.disabled)
      .map((control) => control.id || control.getAttribute('aria-label') || control.tagName),
  );
  return { missed: expected.filter((name) => !reached.has(name)), unseen };
}
