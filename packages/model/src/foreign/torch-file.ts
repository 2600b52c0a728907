import { FileError } from '@sshn/core';
import { unzipSync } from 'fflate';
import { byteLength, bytesPerEntry, type Dtype, nameFault } from '../safetensors/header.js';
import { float32Of } from '../safetensors/number-formats.js';
import { readPickle } from './pickle.js';
import { type Pickled, type PickledTensor, PickleFault } from './pickled.js';

/** A tensor in a file of another framework. */
export interface ForeignTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Its entries, row-major; undefined if they are no floating-point numbers. */
  values(): Float32Array | undefined;
}

/** Most entries of an archive, and most dictionaries and values in its pickle. */
const mostEntries = 2 ** 16;
/** Longest pickle, in bytes: ten times that of a large network. */
const longestPickle = 2 ** 24;
/** Most dictionaries within each other, and most axes of a tensor. */
const most = { levels: 16, axes: 32 } as const;

/** Whether a file is a zip archive, as `torch.save` writes since PyTorch 1.6. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** Whether a file is a bare pickle, as `torch.save` wrote before. */
export function isPickle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5;
}

/**
 * The tensors of a file of `torch.save`, by their names; those of dictionaries within dictionaries have all keys, joined by
 * dots. Nothing of the file is executed, see `readPickle`.
 *
 * @throws {FileError} saying what is wrong.
 */
export function readTorchFile(bytes: Uint8Array, source: string): ReadonlyMap<string, ForeignTensor> {
  try {
    const files = unpacked(bytes);
    const pickle = files.get('data.pkl');
    if (pickle === undefined)
      throw new PickleFault('it is a zip archive without data.pkl, so not one of torch.save');
    if (new TextDecoder().decode(files.get('byteorder')).startsWith('big'))
      throw new PickleFault('it was saved on a big-endian machine');
    const tensors = new Map<string, ForeignTensor>();
    for (const [name, tensor] of tensorsIn(readPickle(pickle)))
      tensors.set(name, checked(name, tensor, files));
    if (tensors.size === 0) throw new PickleFault('it holds no dictionary with tensors');
    return tensors;
  } catch (fault) {
    if (!(fault instanceof PickleFault)) throw fault;
    throw new FileError({
      path: source,
      problem: `cannot be read as weights of PyTorch: ${fault.message}`,
      remedy: 'Save them with torch.save(model.state_dict(), path), or as safetensors.',
      cause: fault,
    });
  }
}

/** The files of the archive, without its folder. Sizes are those that lie in the archive: nothing is compressed. */
function unpacked(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  let [entries, total] = [0, 0];
  const isWanted = (entry: {
    name: string;
    size: number;
    originalSize: number;
    compression: number;
  }): boolean => {
    if (++entries > mostEntries) throw new PickleFault(`its archive has more than ${mostEntries} entries`);
    if (!/^[^/]+\/(data\.pkl|byteorder|data\/\d+)$/.test(entry.name)) return false;
    if (entry.compression !== 0)
      throw new PickleFault('its archive is compressed, which torch.save does not do');
    total += entry.size;
    if (total > bytes.length) throw new PickleFault('its archive claims more bytes than it has');
    if (entry.name.endsWith('.pkl') && entry.size > longestPickle)
      throw new PickleFault(`its pickle has ${entry.size} bytes, and at most ${longestPickle} are read`);
    return true;
  };
  let files: Readonly<Record<string, Uint8Array>>;
  try {
    files = unzipSync(bytes, { filter: isWanted });
  } catch (cause) {
    if (cause instanceof PickleFault) throw cause;
    throw new PickleFault('its zip archive is damaged', { cause });
  }
  return new Map(
    Object.entries(files).map(([name, content]) => [name.slice(name.indexOf('/') + 1), content]),
  );
}

function* tensorsIn(root: Pickled): Generator<readonly [name: string, tensor: PickledTensor]> {
  if (!(root instanceof Map)) return;
  let visited = 0;
  const open: Array<readonly [path: readonly (string | number)[], node: Pickled]> = [[[], root]];
  const seen = new Set<string>();
  for (;;) {
    const next = open.pop();
    if (next === undefined) return;
    const [path, node] = next;
    if (++visited > mostEntries)
      throw new PickleFault(`its dictionaries have more than ${mostEntries} values`);
    if (node instanceof Map) {
      if (path.length >= most.levels) throw new PickleFault(`its dictionaries are ${most.levels} deep`);
      if (node.size + open.length > mostEntries)
        throw new PickleFault(`its dictionaries have more than ${mostEntries} values`);
      open.push(...[...node].map(([key, value]) => [[...path, key], value] as const).reverse());
    } else if (isTensor(node)) {
      const name = path.join('.');
      const fault = nameFault(name) ?? (seen.has(name) ? `two tensors with the name '${name}'` : undefined);
      if (fault !== undefined) throw new PickleFault(`it has ${fault}`);
      seen.add(name);
      yield [name, node];
    }
  }
}

function isTensor(node: Pickled): node is PickledTensor {
  return typeof node === 'object' && node !== null && 'kind' in node && node.kind === 'tensor';
}

/** A tensor that lies within its storage, and has no more entries than that. */
function checked(
  name: string,
  { storage, offset, shape, strides }: PickledTensor,
  files: ReadonlyMap<string, Uint8Array>,
): ForeignTensor {
  const { dtype, key, count } = storage;
  const data = files.get(`data/${key}`);
  const where = `tensor '${name}'`;
  if (data === undefined || data.length !== byteLength(dtype, [count]))
    throw new PickleFault(
      `${where} has ${count} numbers of ${dtype} in a file of ${data?.length ?? 0} bytes`,
    );
  if (shape.length > most.axes)
    throw new PickleFault(`${where} has ${shape.length} axes, more than ${most.axes}`);
  const entries = shape.reduce((product, edge) => product * edge, 1);
  const last = shape.reduce((sum, edge, axis) => sum + (edge - 1) * strides[axis]!, offset);
  if (entries > 0 && (entries > count || last >= count))
    throw new PickleFault(`${where} of shape [${shape.join(', ')}] reaches beyond its ${count} numbers`);
  return {
    dtype,
    shape,
    values: () => float32Of({ dtype, data: gathered(data, bytesPerEntry[dtype], offset, shape, strides) }),
  };
}

/** The entries of a tensor one after the other, row-major, in memory of their own. */
function gathered(
  data: Uint8Array,
  width: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  const entries = shape.reduce((product, edge) => product * edge, 1);
  const result = new Uint8Array(entries * width);
  const index = Array<number>(shape.length).fill(0);
  let from = offset;
  for (let entry = 0; entry < entries; entry++) {
    for (let byte = 0; byte < width; byte++) result[entry * width + byte] = data[from * width + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      from += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
