import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type BrowserContext, chromium, type Page, type Worker } from 'playwright-core';
import { type FolderServer, serveFolder } from './serve-folder.js';

const example = fileURLToPath(new URL('../../examples/demo/', import.meta.url));

/** A browser on the built page. */
export interface Visit extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** The first Worker of the page: it segments. */
  segmenter(): Worker;
  readonly server: FolderServer;
  /** Gzipped bytes of every script that came over the network for the page, by path. */
  readonly scriptBytes: ReadonlyMap<string, number>;
  readonly pageErrors: readonly string[];
}

/** Builds the page, serves it as static files, and opens a browser; the page is not loaded yet. */
export async function beginVisit(executablePath: string): Promise<Visit> {
  const folder = await mkdtemp(join(tmpdir(), 'sshn-demo-'));
  const server = await serveFolder(await built(folder));
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const context = await browser.newContext({
    viewport: { width: 1100, height: 900 },
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const scriptBytes = new Map<string, number>();
  const pageErrors: string[] = [];
  page.on('pageerror', (error) => pageErrors.push(error.message));
  context.on('response', async (response) => {
    const { pathname } = new URL(response.url());
    if (!pathname.endsWith('.js') || response.fromServiceWorker() || scriptBytes.has(pathname)) return;
    const isOfServiceWorker = response.request().serviceWorker() !== null;
    if (!isOfServiceWorker) scriptBytes.set(pathname, gzipSync(await response.body()).length);
  });
  return {
    page,
    context,
    segmenter: () => page.workers()[0]!,
    server,
    scriptBytes,
    pageErrors,
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Builds into a folder of its own, as `pnpm build` does; `DEMO_DIST` names one that is built already. */
async function built(folder: string): Promise<string> {
  if (process.env.DEMO_DIST !== undefined) return process.env.DEMO_DIST;
  const vite = join(example, 'node_modules/vite/bin/vite.js');
  // A test runner's own NODE_ENV would make another page of it.
  const env = { ...process.env, NODE_ENV: 'production' };
  await promisify(execFile)(process.execPath, [vite, 'build', '--outDir', folder], { cwd: example, env });
  return folder;
}
