// Sees to it that there is a Chromium for the browser tests, and says in one line what it did. Where none can be had, the
// tests are skipped, visibly; so it never fails.
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findBrowser, playwright } from './find-browser.mjs';

const run = (program, args, seconds) =>
  promisify(execFile)(program, args, {
    timeout: 1000 * seconds,
    maxBuffer: 2 ** 26,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });

/** Ways to get one, in words, and what they do; the first that leaves one behind is taken. */
const ways = [
  [
    'installed the package chromium with apt-get',
    async () => {
      if (process.getuid?.() !== 0) throw new Error('not root');
      await run('apt-get', ['update'], 120);
      await run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], 300);
    },
  ],
  [
    'fetched that of Playwright',
    async () => {
      const cli = join(dirname(playwright.resolve('playwright-core/package.json')), 'cli.js');
      await run(process.execPath, [cli, 'install', 'chromium'], 300);
    },
  ],
];

const present = findBrowser();
if (present === undefined) console.log(`browser: ${await bring()}`);
else console.log(`browser: ${present}`);

async function bring() {
  for (const [done, way] of ways) {
    // Why a way is closed (no root, no apt, no network) does not matter: the next one is tried.
    await way().catch(() => {});
    const found = findBrowser();
    if (found !== undefined) return `${done}: ${found}`;
  }
  return 'none here, and none could be installed; tests in pages will be skipped (CHROMIUM=PATH names one)';
}
