import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** A server of files in memory. */
export interface FileServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
}

/**
 * Serves files by path, on this machine only.
 *
 * @param isIsolated Whether pages are cross-origin isolated, so that they may share memory between threads.
 */
export async function serve(
  files: ReadonlyMap<string, Uint8Array | string>,
  isIsolated: boolean,
): Promise<FileServer> {
  const isolation = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  };
  const server = createServer(({ url = '/' }, response) => {
    const path = new URL(url, 'http://127.0.0.1').pathname.slice(1);
    const content = files.get(path === '' ? 'index.html' : path);
    const type = types[extname(path) || '.html'] ?? 'application/octet-stream';
    response.writeHead(content === undefined ? 404 : 200, {
      'Content-Type': type,
      ...(isIsolated ? isolation : {}),
    });
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
