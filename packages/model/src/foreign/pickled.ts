import type { Dtype } from '../safetensors/header.js';

/** What is wrong with a pickle, in words that follow a file's name. */
export class PickleFault extends Error {
  override readonly name = 'PickleFault';
}

/** A part of a storage, as PyTorch describes a tensor; nothing of it has been checked against the storage's bytes. */
export interface PickledTensor {
  readonly kind: 'tensor';
  readonly storage: Storage;
  /** In entries. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** In entries. */
  readonly strides: readonly number[];
}

/** Numbers that tensors share, in a file of their own. */
export interface Storage {
  readonly kind: 'storage';
  readonly dtype: Dtype;
  /** The name of its file in the archive. */
  readonly key: string;
  /** Entries. */
  readonly count: number;
}

/** What a pickle of tensors holds. Dictionaries are maps, so that no key is special. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | Pickled[]
  | Map<string | number, Pickled>
  | { readonly kind: 'tuple'; readonly items: readonly Pickled[] }
  | { readonly kind: 'global'; readonly name: string }
  | Storage
  | PickledTensor;

const dtypes: ReadonlyMap<string, Dtype> = new Map([
  ['torch FloatStorage', 'F32'],
  ['torch HalfStorage', 'F16'],
  ['torch BFloat16Storage', 'BF16'],
  ['torch DoubleStorage', 'F64'],
  ['torch LongStorage', 'I64'],
  ['torch IntStorage', 'I32'],
  ['torch ShortStorage', 'I16'],
  ['torch CharStorage', 'I8'],
  ['torch ByteStorage', 'U8'],
  ['torch BoolStorage', 'BOOL'],
]);

/** What may be called, by its name; nothing of it is code of the file. */
const callables: ReadonlyMap<string, (args: readonly Pickled[]) => Pickled> = new Map([
  ['collections OrderedDict', orderedDictionary],
  ['torch._utils _rebuild_tensor_v2', tensor],
  ['torch._utils _rebuild_parameter', parameter],
]);

/** A tuple of values that were read. */
export function tuple(items: readonly Pickled[]): Pickled {
  return { kind: 'tuple', items };
}

function itemsOf(value: Pickled | undefined): readonly Pickled[] | undefined {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tuple'
    ? value.items
    : undefined;
}

/** A name from which something is called or made. @throws {PickleFault} unless tensors need it. */
export function global(name: string): Pickled {
  if (callables.has(name) || dtypes.has(name)) return { kind: 'global', name };
  const shown = name.replaceAll(' ', '.').slice(0, 100);
  throw new PickleFault(`its pickle asks for ${JSON.stringify(shown)}, which no tensor needs`);
}

/** Calls what may be called. @throws {PickleFault} for all else, and for arguments that do not fit. */
export function call(called: Pickled, args: Pickled): Pickled {
  const isGlobal =
    typeof called === 'object' && called !== null && 'kind' in called && called.kind === 'global';
  const make = isGlobal ? callables.get(called.name) : undefined;
  const items = itemsOf(args);
  if (make === undefined || items === undefined)
    throw new PickleFault('its pickle calls what cannot be called');
  return make(items);
}

function orderedDictionary(args: readonly Pickled[]): Pickled {
  if (args.length > 0) throw new PickleFault('its pickle makes a dictionary with arguments');
  return new Map();
}

/** What a pickle refers to outside of itself. @throws {PickleFault} unless it is a storage of numbers. */
export function storage(id: Pickled): Pickled {
  const [word, type, key, , count] = itemsOf(id) ?? [];
  const dtype =
    typeof type === 'object' && type !== null && 'kind' in type && type.kind === 'global'
      ? dtypes.get(type.name)
      : undefined;
  if (word === 'storage' && dtype !== undefined && typeof key === 'string' && isCount(count))
    return { kind: 'storage', dtype, key, count };
  throw new PickleFault('its pickle refers to something outside that is no storage of numbers');
}

function tensor([from, offset, sizes, steps]: readonly Pickled[]): Pickled {
  const [shape, strides] = [itemsOf(sizes), itemsOf(steps)];
  if (
    typeof from === 'object' &&
    from !== null &&
    'kind' in from &&
    from.kind === 'storage' &&
    isCount(offset) &&
    shape?.every(isCount) &&
    strides?.every(isCount) &&
    shape.length === strides.length
  )
    return { kind: 'tensor', storage: from, offset, shape, strides };
  throw new PickleFault('its pickle describes a tensor that is none');
}

function parameter([value]: readonly Pickled[]): Pickled {
  const isTensor = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor';
  if (isTensor) return value;
  throw new PickleFault('its pickle makes a parameter of something that is no tensor');
}

function isCount(value: Pickled | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
