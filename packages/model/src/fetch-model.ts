import { FileError } from '@sshn/core';
import { type LoadedModel, loadModel } from './model.js';

/**
 * Downloads a model and loads it.
 *
 * @param options.signal Ends the download; the promise is then rejected with the signal's reason.
 * @throws {FileError} if the server cannot be reached, does not have the file, or sends something else.
 * @example
 * const { manifest, params } = await fetchModel('models/wbc.safetensors');
 */
export async function fetchModel(
  url: string | URL,
  options: { readonly signal?: AbortSignal } = {},
): Promise<LoadedModel> {
  const path = `${url}`;
  return loadModel(await download(path, options), path);
}

async function download(url: string, options: { readonly signal?: AbortSignal }): Promise<Uint8Array> {
  try {
    const response = await fetch(url, options);
    if (!response.ok) {
      throw new FileError({
        path: url,
        problem: `the server answered ${response.status} ${response.statusText}`.trimEnd(),
        remedy: 'Check the address.',
      });
    }
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (cause instanceof FileError) throw cause;
    throw new FileError({
      path: url,
      problem: 'the download failed',
      remedy: 'Check the address, the connection and, in a page, that the server allows this origin (CORS).',
      cause,
    });
  }
}
