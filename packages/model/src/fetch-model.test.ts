import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { FileError } from '@sshn/core';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchModel } from './fetch-model.js';
import { saveModel } from './model.js';
import { smallModel } from './testing/small-model.js';

let server: Server;
let address = '';
beforeAll(async () => {
  await useBackend('cpu');
  const bytes = await saveModel(smallModel());
  server = createServer((request, response) => {
    if (request.url === '/unet.safetensors') response.end(bytes);
    else if (request.url === '/packed.safetensors')
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(bytes));
    else if (request.url === '/cut.safetensors') response.end(bytes.subarray(0, -10));
    else if (request.url === '/page') response.end('<!doctype html><title>Models</title>');
    else if (request.url === '/broken') {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('x');
      response.socket?.destroy();
    } else if (request.url !== '/slow') response.writeHead(404).end('<html>nothing here</html>');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('fetchModel', () => {
  test('loads what the server has, and keeps nothing else alive', async () => {
    await withoutLeak(async () => {
      const { manifest, params } = await fetchModel(new URL('/unet.safetensors', address));
      expect(manifest.labels[1]!.name).toBe('nucleus');
      dispose([...params.values()]);
    });
  });

  test('tells how much has arrived, of what the server says', async () => {
    const seen: { loaded: number; total: number | undefined }[] = [];
    for (const path of ['/unet.safetensors', '/packed.safetensors']) {
      const { params } = await fetchModel(address + path, { onProgress: (at) => seen.push(at) });
      dispose([...params.values()]);
    }
    const size = (await saveModel(smallModel())).length;
    expect(seen).toContainEqual({ loaded: size, total: size });
    // The length of compressed bytes is not what arrives.
    expect(seen.at(-1)).toEqual({ loaded: size, total: undefined });
  });

  test.each([
    ['/nothing', 'the server answered 404 Not Found'],
    ['/page', 'this is an HTML page, not safetensors'],
    ['/cut.safetensors', 'not a valid safetensors file'],
    ['/broken', 'the download failed'],
  ])('%s: %s', async (path, message) => {
    const loading = fetchModel(address + path);
    await expect(loading).rejects.toThrow(FileError);
    await expect(loading).rejects.toThrow(`${address}${path}: ${message}`);
  });

  test('no server', async () => {
    await expect(fetchModel('http://127.0.0.1:9/x')).rejects.toThrow(
      'http://127.0.0.1:9/x: the download failed',
    );
  });

  test('ends with the signal, and with its reason', async () => {
    const stop = new AbortController();
    const loading = fetchModel(`${address}/slow`, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(loading).rejects.toThrow('enough');
  });
});
