import {
  checkParams,
  checkShapes,
  disposeParams,
  FileError,
  namedParams,
  namedSpecs,
  type ParamsOf,
  requireOption,
  type SpecNode,
  SshnError,
  ValueError,
} from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { compactModel } from './compact.js';
import { manifestKey, manifestText, readManifest } from './manifest/read.js';
import type { Manifest, ManifestInput } from './manifest/schema.js';
import { networkOf } from './network-of.js';
import { requireChecksum, withChecksum } from './safetensors/checksum.js';
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

/** How a model is saved. */
export interface SaveOptions {
  /**
   * 'compact': the heads of a hypernetwork in the form in which they are shipped, the same network to rounding (10⁻⁵ of the
   * norm of a predicted tensor) in a file several times smaller. 'whole': every bit as it is. @default 'compact'
   */
  readonly form?: 'compact' | 'whole';
  /**
   * 'float16' rounds weights to 16 bits: half the file, and with the compact form a third, as errors of the size of the rounding
   * (2·10⁻⁴ of the norm of a predicted tensor) let heads be smaller still. They are computed with in 32 bits as before; the manifest then says
   * `rounded`. @default 'float32'
   */
  readonly dtype?: 'float32' | 'float16';
}

/**
 * A trained model as the bytes of one safetensors file: weights under their paths, and the manifest in its
 * metadata. Equal models have equal bytes.
 *
 * @throws {StructureError} if the parameters do not fit the specs.
 * @throws {ConfigError} if the manifest does not fit its schema.
 * @throws {ValueError} if the manifest describes another network than the specs are of: nobody could open the file; or if a
 * weight is too large for float16.
 * @example
 * const bytes = await saveModel({ specs: network.specs, params, manifest });
 */
export async function saveModel<Specs extends SpecNode>(
  model: Model<Specs>,
  { form = 'compact', dtype = 'float32' }: SaveOptions = {},
): Promise<Uint8Array> {
  requireOption('form', form, ['compact', 'whole']);
  requireOption('dtype', dtype, ['float32', 'float16']);
  manifestText(model.manifest);
  checkParams(model.specs, model.params);
  requireDescribed(model);
  const compact = form === 'compact' ? await compactModel(model.params, model.manifest, dtype) : undefined;
  try {
    const { manifest, params } = compact ?? model;
    const rounded = dtype === 'float16' ? { rounded: { ...manifest.rounded, dtype } } : {};
    const metadata = { [manifestKey]: manifestText({ ...manifest, ...rounded }) };
    const tensors = await rawTensors(namedParams(params), { dtype });
    return encodeSafetensors(withChecksum({ tensors, metadata }));
  } finally {
    if (compact !== undefined) disposeParams(compact.params);
  }
}

function requireDescribed<Specs extends SpecNode>({ specs, params, manifest }: Model<Specs>): void {
  try {
    checkParams(networkOf(manifest).specs, params);
  } catch (cause) {
    if (!(cause instanceof SshnError)) throw cause;
    const paths = namedSpecs(specs).map(([path]) => path);
    throw new ValueError({
      where: 'saveModel: manifest',
      got: `a description of another network than that of ${paths[0] ?? 'no parameters'} and ${Math.max(0, paths.length - 1)} more`,
      expected: 'the network whose parameters are saved',
      hint: `${cause.message} A plain network's method is 'fixed' or 'stochastic', and its parameters stand under network.`,
    });
  }
}

/**
 * Reads what `saveModel` wrote, in Node as in a page. The weights fit the network that the manifest describes.
 *
 * @param source What the file is called in errors: a path or an address.
 * @throws {FileError} if the bytes are no valid safetensors file or no model, its checksum is wrong, the manifest describes
 * no network of this release or another one than the weights are of, or a weight is NaN or infinite.
 * @example
 * const { manifest, params } = loadModel(bytes);
 * const network = networkOf(manifest);
 * const logits = network.apply(paramTree(network.specs, params), image, at);
 */
export function loadModel(bytes: Uint8Array, source = 'model'): LoadedModel {
  const file = decodeSafetensors(bytes, source);
  requireChecksum(file, source);
  const manifest = readManifest(file.metadata, source);
  try {
    checkShapes(networkOf(manifest).specs, file.tensors);
  } catch (cause) {
    if (!(cause instanceof SshnError)) throw cause;
    throw new FileError({
      path: source,
      problem: `its weights are not those of the network that its manifest describes: ${cause.message.replace(/\.$/, '')}`,
      remedy: 'Save the model again, or update the @sshn packages.',
      cause,
    });
  }
  return { manifest, params: tensorsFromRaw(file.tensors, source) };
}
