import { FileError } from '@sshn/core';
import { type LoadedModel, loadModel } from './model.js';

/** How a model is downloaded. */
export interface FetchOptions {
  /** Called as bytes arrive; `total` is undefined where the server does not say. */
  readonly onProgress?: (progress: { readonly loaded: number; readonly total: number | undefined }) => void;
  /** Ends the download; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Downloads a model and loads it.
 *
 * @throws {FileError} if the server cannot be reached, does not have the file, or sends something else.
 * @example
 * const { manifest, params } = await fetchModel('models/wbc.safetensors');
 */
export async function fetchModel(url: string | URL, options: FetchOptions = {}): Promise<LoadedModel> {
  const path = `${url}`;
  return loadModel(await download(path, options), path);
}

async function download(url: string, { signal, onProgress }: FetchOptions): Promise<Uint8Array> {
  try {
    const response = await fetch(url, signal && { signal });
    if (!response.ok) {
      throw new FileError({
        path: url,
        problem: `the server answered ${response.status} ${response.statusText}`.trimEnd(),
        remedy: 'Check the address.',
      });
    }
    return await bodyOf(response, onProgress);
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof FileError) throw cause;
    throw new FileError({
      path: url,
      problem: 'the download failed',
      remedy: 'Check the address, the connection and, in a page, that the server allows this origin (CORS).',
      cause,
    });
  }
}

async function bodyOf(response: Response, onProgress: FetchOptions['onProgress']): Promise<Uint8Array> {
  if (onProgress === undefined || response.body === null) return new Uint8Array(await response.arrayBuffer());
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  // The length that a server says is that of the compressed bytes; what arrives here is expanded.
  const total = response.headers.has('content-encoding') || !(length >= 0) ? undefined : length;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let loaded = 0;
  const reader = response.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(next.value);
    loaded += next.value.length;
    onProgress({ loaded, total });
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
