import {
  FileError,
  firstNonFinite,
  namedSpecs,
  nearestWord,
  type ParamSpec,
  type ParamsOf,
  requireBackend,
  type SpecNode,
  treeOf,
} from '@sshn/core';
import { type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { float32Of } from '../safetensors/number-formats.js';
import { decodeSafetensors } from '../safetensors/safetensors.js';
import { type ForeignTensor, isPickle, isZip, readTorchFile } from './torch-file.js';

/**
 * The tensors of a file of weights by name: what `torch.save(model.state_dict(), path)` writes, or safetensors of any program.
 *
 * Of PyTorch's files nothing is executed: of the pickle in them only what tensors need is read, and all else refused by name.
 *
 * @param source What the file is called in errors: a path or an address.
 * @throws {FileError} if it is damaged, hostile, or of another format.
 * @example
 * const weights = readForeignWeights(await readFile('unet.pt'), 'unet.pt');
 */
export function readForeignWeights(
  bytes: Uint8Array,
  source = 'weights',
): ReadonlyMap<string, ForeignTensor> {
  if (isZip(bytes)) return readTorchFile(bytes, source);
  if (isPickle(bytes)) {
    throw new FileError({
      path: source,
      problem: 'is a pickle, such as torch.save wrote before PyTorch 1.6',
      remedy: 'Load it in PyTorch and save it again with torch.save(model.state_dict(), path).',
    });
  }
  const { tensors } = decodeSafetensors(bytes, source);
  return new Map(
    [...tensors].map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape, values: () => float32Of({ dtype, data }) },
    ]),
  );
}

/**
 * Parameters of one of our networks from weights of PyTorch. Kernels are transposed from PyTorch's layout (outputs, inputs, then
 * height and width, in 3D depth before them) to ours, those of linear layers too; of the scales of
 * normalization 1 is subtracted, which our layers add; all else is taken as it is.
 *
 * @param specs Of the plain network.
 * @param names For each tensor of PyTorch, the parameter that it becomes: `{ 'conv1.weight': 'encoder.0.0.kernel' }`. Tensors
 * that it leaves out are not used; of the network's parameters it leaves out none.
 * @param source What the file is called in errors.
 * @returns parameters on the current backend, which the caller owns.
 * @throws {FileError} if the table names what is not there, leaves out a parameter, or a tensor does not fit its parameter or
 * holds numbers that are no weights: all of these faults at once.
 * @throws {NoBackendError} if no backend of tfjs is registered.
 * @example
 * const network = unet({ inChannels: 1, outChannels: 2, features: [8, 16], downsampling: 'average' });
 * const params = importWeights(network.specs, readForeignWeights(bytes), { 'enc1.weight': 'encoder.0.0.kernel', … });
 */
export function importWeights<Specs extends SpecNode>(
  specs: Specs,
  weights: ReadonlyMap<string, ForeignTensor>,
  names: Readonly<Record<string, string>>,
  source = 'weights',
): ParamsOf<Specs> {
  requireBackend(source);
  const parameters = new Map(namedSpecs(specs));
  const faults: string[] = [];
  const found = new Map<string, { readonly values: Float32Array; readonly shape: readonly number[] }>();
  for (const [name, path] of Object.entries(names)) {
    const [one, spec] = [weights.get(name), parameters.get(path)];
    if (one === undefined) faults.push(`${unknown('tensor', name, [...weights.keys()])} in the file`);
    else if (spec === undefined)
      faults.push(`${unknown('parameter', path, [...parameters.keys()])} in the network`);
    else if (found.has(path)) faults.push(`two tensors become ${path}`);
    else {
      const values = one.shape.join() === foreignShape(spec).join() ? one.values() : undefined;
      const fault = faultOf(one, spec, values);
      if (values === undefined || fault !== undefined)
        faults.push(`'${name}', which becomes ${path}, ${fault}`);
      else found.set(path, { values, shape: one.shape });
    }
  }
  const named = new Set(Object.values(names));
  const left = [...parameters].filter(([path]) => !named.has(path));
  if (left.length > 0) {
    const spare = [...weights].filter(([name]) => !Object.hasOwn(names, name));
    faults.push(
      `the table leaves out the network's ${some(left.map(([path, spec]) => `${path} [${foreignShape(spec).join(', ')}]`))}`,
      `and the file's ${some(spare.map(([name, { shape }]) => `${name} [${shape.join(', ')}]`))}`,
    );
  }
  if (faults.length > 0) {
    throw new FileError({
      path: source,
      problem: some(faults, '; '),
      remedy:
        'Shapes are those of PyTorch, outputs first. Correct the table of names, or the description of the network.',
    });
  }
  return treeOf(specs, (path, spec) => ours(found.get(path)!, spec));
}

/** The shape that a parameter has in PyTorch: of kernels outputs and inputs first. */
function foreignShape({ role, shape }: ParamSpec): readonly number[] {
  return role === 'kernel' ? [shape.at(-1)!, shape.at(-2)!, ...shape.slice(0, -2)] : shape;
}

function ours(
  { values, shape }: { readonly values: Float32Array; readonly shape: readonly number[] },
  { role, init }: ParamSpec,
): Tensor {
  // A scale that begins at 0 is one that our layers add to 1.
  const isAroundOne = role === 'scale' && init.kind === 'constant' && init.value === 0;
  if (role !== 'kernel')
    return tensor(isAroundOne ? values.map((value) => value - 1) : values, [...shape], 'float32');
  const axes = [...shape.keys()].slice(2);
  return tidy(() => transpose(tensor(values, [...shape], 'float32'), [...axes, 1, 0]));
}

function faultOf(
  { dtype, shape }: ForeignTensor,
  spec: ParamSpec,
  values: Float32Array | undefined,
): string | undefined {
  const wanted = foreignShape(spec);
  if (shape.join() !== wanted.join())
    return `has the shape [${shape.slice(0, 32).join(', ')}], expected [${wanted.join(', ')}]`;
  if (values === undefined) return `has numbers of ${dtype}, expected floating-point numbers`;
  const bad = firstNonFinite(values);
  return bad === undefined ? undefined : `holds ${bad}, which is no weight`;
}

function unknown(what: string, name: string, known: readonly string[]): string {
  const near = nearestWord(name, known);
  return `there is no ${what} '${name.slice(0, 200)}'${near === undefined ? '' : ` (did you mean '${near}'?)`}`;
}

/** Most things that an error lists. */
const listed = 24;

function some(all: readonly string[], between = ', '): string {
  const more = all.length - listed;
  return all.length === 0
    ? 'nothing'
    : [...all.slice(0, listed), ...(more > 0 ? [`${more} more`] : [])].join(between);
}
