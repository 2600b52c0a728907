// A static server of the page's own files; any other will do (`npx serve`, `python3 -m http.server`, nginx …).
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, relative, sep } from 'node:path';

const root = import.meta.dirname;
/** What the page loads, and nothing else of this folder. */
const served = /^(index\.html|main\.js|style\.css)$|^(samples|node_modules)\//;
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.png': 'image/png',
};

const server = createServer(async ({ url, headers: { host } }, response) => {
  // Another name that leads here is another site's, whose page could read what is served.
  if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host ?? '')) {
    response.writeHead(403).end('This server answers to localhost only');
    return;
  }
  try {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    const file = join(root, path === '/' ? 'index.html' : path);
    if (!served.test(relative(root, file).replaceAll(sep, '/'))) throw new Error('not of the page');
    const content = await readFile(file);
    response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream' });
    response.end(content);
  } catch {
    response.writeHead(404).end('Not found');
  }
});
server.listen(Number(process.env.PORT ?? 8080), 'localhost', () =>
  console.log(`Open http://localhost:${server.address().port}/`),
);
