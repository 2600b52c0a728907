import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** A Chromium on this machine: the one that `CHROMIUM` names, an installed one, or Playwright's own; else undefined. */
export function findChromium(): string | undefined {
  const candidates = [
    process.env.CHROMIUM,
    process.env.PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    chromium.executablePath(),
  ];
  return candidates.find((path) => path !== undefined && existsSync(path));
}
