import { FileError } from '@sshn/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { addressOf, page } from './page.js';

afterEach(() => vi.unstubAllGlobals());

describe('addressOf', () => {
  test('a folder, a map, nothing', () => {
    expect(addressOf('a.wasm', '/files/')).toBe('/files/a.wasm');
    expect(addressOf('tfjs-backend-wasm-simd.wasm', { 'tfjs-backend-wasm-simd.wasm': '/x.wasm' })).toBe(
      '/x.wasm',
    );
    expect(addressOf('a.wasm', {})).toBe('a.wasm');
    expect(addressOf('a.wasm', undefined)).toBe('a.wasm');
  });
});

describe('readWasm', () => {
  test('fetches the bytes', async () => {
    const fetched: string[] = [];
    vi.stubGlobal('fetch', async (address: string) => {
      fetched.push(address);
      return new Response(Uint8Array.of(0, 97, 115, 109));
    });
    expect([...(await page.readWasm('a.wasm', '/files/'))]).toEqual([0, 97, 115, 109]);
    expect(fetched).toEqual(['/files/a.wasm']);
  });

  test('an answer that is none names the address', async () => {
    vi.stubGlobal('fetch', async () => new Response('', { status: 404 }));
    await expect(page.readWasm('a.wasm', '/files/')).rejects.toThrow(FileError);
    await expect(page.readWasm('a.wasm', '/files/')).rejects.toThrow(
      '/files/a.wasm: the server answers 404. Serve the .wasm files of @tensorflow/tfjs-backend-wasm there.',
    );
  });
});
