import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type FolderServer, serveFolder } from '../../demo/serve-folder.js';
import { type OpenPage, openPage } from './browser.js';
import { type InstalledExample, installExample } from './install.js';
import { runScript } from './run.js';

/** An example's page, built as its README says and served as static files. */
export interface BuiltPage {
  readonly served: FolderServer;
  readonly open: OpenPage;
}

/** Has an example's page built, served and opened before the tests of a suite. */
export function builtPage(name: string): () => BuiltPage {
  let example: InstalledExample | undefined;
  let served: FolderServer | undefined;
  let open: OpenPage | undefined;
  beforeAll(async () => {
    example = await installExample(name);
    await runScript(example, 'build');
    served = await serveFolder(join(example.folder, 'dist'));
    open = await openPage(served.url, name);
  }, 300_000);
  afterAll(async () => {
    await open?.[Symbol.asyncDispose]();
    await served?.[Symbol.asyncDispose]();
    example?.[Symbol.dispose]();
  });
  return () => ({ served: served!, open: open! });
}
