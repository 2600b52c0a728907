import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Served, serveScript } from './testing/run.js';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const servers = [
  {
    name: 'browser-webgl',
    page: 'index.html',
    files: ['index.html', 'main.js', 'style.css', 'samples/0.png', 'node_modules/a/b.js'],
    withheld: ['serve.mjs', 'package.json', 'samples.mjs', '.gitignore', 'samples/', 'nothing.js'],
  },
  {
    name: 'browser-wasm-threads',
    page: 'dist/index.html',
    files: ['page.js', 'worker.js', 'tfjs.wasm'].map((file) => `dist/${file}`),
    withheld: ['serve.mjs', 'package.json', 'page.ts', 'nothing.js'],
  },
];

describe.each(servers)('the server of $name', ({ name, page, files, withheld }) => {
  let folder: string;
  let served: Served;
  beforeAll(async () => {
    const parent = mkdtempSync(join(tmpdir(), 'sshn-serve-'));
    // A folder beside it whose name begins alike, and whose files are named alike.
    for (const [place, text] of [
      [name, 'inside'],
      [`${name}-too`, 'outside'],
    ] as const)
      for (const file of [page, ...files, '.gitignore', 'samples.mjs', 'page.ts']) {
        mkdirSync(dirname(join(parent, place, file)), { recursive: true });
        writeFileSync(join(parent, place, file), text);
      }
    folder = join(parent, name);
    for (const file of ['serve.mjs', 'package.json'])
      copyFileSync(join(examples, name, file), join(folder, file));
    served = await serveScript({ folder, [Symbol.dispose]: () => undefined }, 'start');
  });
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
    rmSync(dirname(folder), { recursive: true, force: true });
  });

  /** A GET of exactly this path, which `fetch` would tidy up first. */
  const get = (path: string, host?: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const { hostname, port } = new URL(served.url);
      const headers = host === undefined ? {} : { host };
      request({ hostname, port, path, headers }, async (response) => {
        let text = '';
        for await (const part of response) text += part;
        resolve({ status: response.statusCode!, text });
      })
        .on('error', reject)
        .end();
    });

  test('serves what the page loads', async () => {
    for (const path of ['', ...files.map((file) => file.replace(/^dist\//, ''))])
      expect([path, await get(`/${path}`)]).toEqual([path, { status: 200, text: 'inside' }]);
  });

  test('serves nothing else, inside of its folder or outside', async () => {
    const above = ['..', '%2e%2e', 'model/../..', 'model%2f..%2f..'].flatMap((up) =>
      ['/', '%2f', '%5c'].flatMap((slash) =>
        [`${name}-too`, `..${slash}${name}-too`].map((beside) => `${up}${slash}${beside}${slash}main.js`),
      ),
    );
    for (const path of [
      ...withheld,
      ...above,
      '%00',
      '%',
      'main.js%00',
      '..%2f..%2f..%2f..%2f..%2fetc%2fpasswd',
    ])
      expect([path, (await get(`/${path}`)).status]).toEqual([path, 404]);
    // It still stands.
    expect((await get('/')).status).toBe(200);
  });

  test('answers to names of this machine only', async () => {
    const port = new URL(served.url).port;
    for (const host of [`localhost:${port}`, 'LOCALHOST', '127.0.0.1', `127.0.0.1:${port}`, `[::1]:${port}`])
      expect([host, (await get('/', host)).status]).toEqual([host, 200]);
    for (const host of [
      `evil.example:${port}`,
      'localhost.evil.example',
      'evil-localhost',
      '127.0.0.1.evil.example',
      '127.0.0.11',
      `localhost:${port}@evil.example`,
    ])
      expect([host, await get('/', host)]).toEqual([host, { status: 403, text: expect.any(String) }]);
  });
});
