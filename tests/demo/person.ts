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

/** Drops files on the picture, or on another area. */
export async function drop(
  page: Page,
  dropped: DroppedFile | readonly DroppedFile[],
  area = 'drop',
): Promise<void> {
  const files = [dropped].flat().map(({ name, bytes }) => ({ name, content: [...bytes] }));
  const transfer = await page.evaluateHandle((contents) => {
    const data = new DataTransfer();
    for (const { name, content } of contents) data.items.add(new File([Uint8Array.from(content)], name));
    return data;
  }, files);
  await page.dispatchEvent(`#${area}`, 'drop', { dataTransfer: transfer });
}

/** Drops a folder of this machine on an area, as a file manager does. */
export async function dropFolder(page: Page, area: string, path: string): Promise<void> {
  await page.locator(`#${area}`).scrollIntoViewIfNeeded();
  const box = (await page.locator(`#${area}`).boundingBox())!;
  const place = { x: Math.round(box.x + 20), y: Math.round(box.y + 20) };
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, ...place, data });
  await session.detach();
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

/** Presses Tab from an element to the end of the page: which controls had no focus, and which had one that cannot be seen. */
export async function reachedByKeyboard(
  page: Page,
  from: string,
): Promise<{ missed: string[]; unseen: string[] }> {
  const count = await page.evaluate(() => {
    const controls = [
      ...document.querySelectorAll<HTMLInputElement>(
        'main :is(button, input, select, summary, canvas[tabindex])',
      ),
    ].filter((control) => control.checkVisibility() && !control.disabled);
    for (const [number, control] of controls.entries()) control.dataset.number = `${number}`;
    return controls.length;
  });
  await page.focus(`#${from}`);
  const unseen: string[] = [];
  for (let i = 0; i < count + 5; i++) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const at = document.activeElement as HTMLElement;
      at.dataset.reached = 'yes';
      // A file picker's label shows its focus.
      const drawn = at.closest('.file') ?? at;
      return { html: at.outerHTML.slice(0, 80), isOutlined: getComputedStyle(drawn).outlineStyle !== 'none' };
    });
    if (focus.html.startsWith('<body')) break;
    if (!focus.isOutlined) unseen.push(focus.html);
  }
  const missed = await page.evaluate(() => {
    const left = [...document.querySelectorAll<HTMLElement>('[data-number]')];
    const names = left.filter(({ dataset }) => dataset.reached !== 'yes').map(({ outerHTML }) => outerHTML);
    for (const control of document.querySelectorAll<HTMLElement>('[data-number], [data-reached]')) {
      delete control.dataset.number;
      delete control.dataset.reached;
    }
    return names;
  });
  return { missed, unseen };
}
