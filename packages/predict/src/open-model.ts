import { FileError } from '@sshn/core';
import { type FetchOptions, fetchModel, loadModel, type Runtime } from '@sshn/model';
import { Registrar } from './registrar.js';
import { Segmenter } from './segmenter.js';

/** How a model is opened. */
export interface OpenOptions extends FetchOptions {
  /** What runs the network of a segmentation model. @default the current backend of tfjs */
  readonly runtime?: Runtime;
}

/**
 * Opens a trained model: a `Segmenter` or a `Registrar`, by what its manifest says.
 *
 * @param source Its address, a `File` or other `Blob`, or its bytes. In Node, `openModel` of '@sshn/predict/node' takes paths
 * and run folders too.
 * @throws {FileError} if it cannot be had, is no model, or its weights do not fit its manifest.
 * @example
 * using model = await openModel('models/cells.safetensors');
 * if (model instanceof Segmenter) show(await model.predict(file, { gflops: 0.5 }));
 */
export async function openModel(
  source: string | URL | Blob | Uint8Array,
  options: OpenOptions = {},
): Promise<Segmenter | Registrar> {
  if (typeof source === 'string' || source instanceof URL) {
    return modelFrom(await fetchModel(source, options), `${source}`, options);
  }
  const name = source instanceof Blob && 'name' in source ? String(source.name) : 'model';
  const bytes = source instanceof Blob ? new Uint8Array(await source.arrayBuffer()) : source;
  options.signal?.throwIfAborted();
  return modelFrom(loadModel(bytes, name), name, options);
}

/** The right kind of model for a manifest. @throws {FileError} if its weights do not fit. */
export function modelFrom(
  loaded: ReturnType<typeof loadModel>,
  source: string,
  { runtime }: OpenOptions,
): Segmenter | Registrar {
  try {
    if (loaded.manifest.task === 'registration' && runtime !== undefined) {
      throw new FileError({
        path: source,
        problem: 'is a model of registration, which runs on tfjs alone',
        remedy: 'Open it without a runtime.',
      });
    }
    return loaded.manifest.task === 'registration'
      ? new Registrar(loaded, source)
      : new Segmenter(loaded, source, runtime);
  } catch (cause) {
    for (const tensor of loaded.params.values()) tensor.dispose();
    if (cause instanceof FileError) throw cause;
    throw new FileError({
      path: source,
      problem: `holds no model that can be opened: ${cause instanceof Error ? cause.message : cause}`,
      remedy: 'Save it again with this version, or update @sshn.',
      cause,
    });
  }
}
