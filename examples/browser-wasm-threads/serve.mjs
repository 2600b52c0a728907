// Serves dist/ with the two headers that threads need; with --plain without them, to see what happens then.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';

const root = join(import.meta.dirname, 'dist');
const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

const isolation = {
  // No window of another origin may hold this one …
  'Cross-Origin-Opener-Policy': 'same-origin',
  // … and nothing of another origin is loaded that does not allow it. On every answer: workers need them too.
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
const headers = process.argv.includes('--plain') ? {} : isolation;

const server = createServer(async ({ url, headers: { host } }, response) => {
  // Another name that leads here is another site's, whose page could read what is served.
  if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host ?? '')) {
    response.writeHead(403, headers).end('This server answers to localhost only');
    return;
  }
  try {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    const file = join(root, path.endsWith('/') ? `${path}index.html` : path);
    if (!file.startsWith(root + sep)) throw new Error('outside of the folder');
    const content = await readFile(file);
    response.writeHead(200, {
      'Content-Type': types[extname(file)] ?? 'application/octet-stream',
      ...headers,
    });
    response.end(content);
  } catch {
    response.writeHead(404).end('Not found');
  }
});
server.listen(Number(process.env.PORT ?? 8080), 'localhost', () =>
  console.log(`Open http://localhost:${server.address().port}/`),
);
