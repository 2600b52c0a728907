import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { repository } from './run-from-sources.mjs';

/** Playwright's own program, which knows where it keeps a browser and can fetch one. */
export const playwright = createRequire(join(repository, 'tests/browser/package.json'));

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge'];
const elsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/** A Chromium on this machine: the one that `CHROMIUM` names, an installed one, or Playwright's own; else undefined. */
export function findBrowser() {
  const { CHROMIUM, PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH, PATH = '' } = process.env;
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const onPath = names.flatMap((name) => PATH.split(delimiter).map((folder) => join(folder, name + suffix)));
  return [CHROMIUM, PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH, ...onPath, ...elsewhere, ofPlaywright()].find(
    (path) => path !== undefined && path !== '' && existsSync(path),
  );
}

/** Where Playwright keeps its own, whether it is there or not. */
function ofPlaywright() {
  try {
    return playwright('playwright-core').chromium.executablePath();
  } catch {
    return undefined;
  }
}
