import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { findBrowser } from '../../scripts/find-browser.mjs';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-find-browser-'));
  for (const name of ['google-chrome', 'mine']) await writeFile(join(folder, name), '');
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rm(folder, { recursive: true }));

test.runIf(process.platform === 'linux')('what CHROMIUM names comes before what is on the path', () => {
  vi.stubEnv('CHROMIUM', '');
  vi.stubEnv('PATH', `/nowhere:${folder}`);
  expect(findBrowser()).toBe(join(folder, 'google-chrome'));
  vi.stubEnv('CHROMIUM', join(folder, 'mine'));
  expect(findBrowser()).toBe(join(folder, 'mine'));
  vi.stubEnv('CHROMIUM', join(folder, 'gone'));
  expect(findBrowser()).toBe(join(folder, 'google-chrome'));
});
