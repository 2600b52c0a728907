import { checkParams, namedParams, type ParamsOf, type SpecNode } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { manifestKey, manifestText, readManifest } from './manifest/read.js';
import type { Manifest, ManifestInput } from './manifest/schema.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors/safetensors.js';
import { rawTensors, tensorsFromRaw } from './safetensors/tensors.js';

/** A trained module, as it is saved. */
export interface Model<Specs extends SpecNode> {
  /** The specs of the module that was trained: the network's, or the hypernetized network's. */
  readonly specs: Specs;
  readonly params: ParamsOf<Specs>;
  readonly manifest: ManifestInput;
}

/** A model, as it is loaded. */
export interface LoadedModel {
  readonly manifest: Manifest;
  /** Weights by path, on the current backend; the caller owns them. `paramTree(specs, params)` makes them a tree. */
  readonly params: Map<string, Tensor>;
}

/**
 * A trained model as the bytes of one safetensors file: float32 weights under their paths, and the manifest in its
 * metadata. Equal models have equal bytes.
 *
 * @throws {StructureError} if the parameters do not fit the specs.
 * @throws {ValueError} if the manifest does not fit its schema.
 * @example
 * const bytes = await saveModel({ specs: network.specs, params, manifest });
 */
export async function saveModel<Specs extends SpecNode>(model: Model<Specs>): Promise<Uint8Array> {
  const metadata = { [manifestKey]: manifestText(model.manifest) };
  checkParams(model.specs, model.params);
  const tensors = await rawTensors(namedParams(model.params));
  return encodeSafetensors({ tensors, metadata });
}

/**
 * Reads what `saveModel` wrote, in Node as in a page.
 *
 * @param source What the file is called in errors: a path or an address.
 * @throws {FileError} if the bytes are no valid safetensors file or no model, or a weight is NaN or infinite.
 * @example
 * const { manifest, params } = loadModel(bytes);
 * const logits = network.apply(paramTree(network.specs, params), image, at);
 */
export function loadModel(bytes: Uint8Array, source = 'model'): LoadedModel {
  const { tensors, metadata } = decodeSafetensors(bytes, source);
  const manifest = readManifest(metadata, source);
  return { manifest, params: tensorsFromRaw(tensors, source) };
}
