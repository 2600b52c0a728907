import { WasmMemoryError } from '../errors.js';

/** The part of the heap that kept kernels lie in. */
interface Heap {
  /** @throws {WasmMemoryError} if there is no room. */
  allocate(bytes: number): number;
  free(address: number): void;
}

/** A kernel in the order in which a convolution reads it. */
export interface PackedForm {
  /** Number of the kernel's data; none for a kernel that is not worth keeping. */
  readonly data: number | undefined;
  /** Tells the forms of one kernel apart. */
  readonly form: string;
  readonly bytes: number;
  /** Where the form may be written if it is not kept: valid until the next call. */
  readonly scratch: number;
  /** Writes the form to an address. */
  write(address: number): void;
}

interface Kept {
  readonly data: number;
  readonly form: string;
  readonly block: number;
  /** In the block, at the start of a cache line. */
  readonly address: number;
  readonly bytes: number;
}

const CACHE_LINE = 64;

/** What kept kernels take at most. */
const LIMIT_BYTES = 64 * 2 ** 20;

/**
 * Packed kernels that are kept from call to call.
 *
 * A form is kept from its second use on: kernels that are new at every step of training pay nothing. What was not used for
 * longest makes room. A kernel's owner calls `drop` before its data changes or goes away.
 */
export class PackedKernels {
  readonly #heap: Heap;
  #limit: number;
  /** Forms by the number of their data; undefined where a form was used once. */
  readonly #forms = new Map<number, Map<string, Kept | undefined>>();
  /** From the longest unused to the last used. */
  readonly #kept = new Set<Kept>();
  #bytes = 0;

  constructor(heap: Heap, limit: number = LIMIT_BYTES) {
    this.#heap = heap;
    this.#limit = limit;
  }

  /** Bytes of the heap that kept kernels hold now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Where the packed form lies: kept from before, kept from now on, or in scratch. */
  addressOf(packed: PackedForm): number {
    const kept = this.#find(packed) ?? this.#keep(packed);
    if (kept !== undefined) return kept;
    packed.write(packed.scratch);
    return packed.scratch;
  }

  /** Forgets all about data that changes or is disposed. */
  drop(data: number): void {
    const forms = this.#forms.get(data);
    if (forms === undefined) return;
    this.#forms.delete(data);
    for (const kept of forms.values()) if (kept !== undefined) this.#release(kept);
  }

  /** Gives all memory back and keeps nothing from now on. */
  dispose(): void {
    this.#limit = 0;
    for (const data of [...this.#forms.keys()]) this.drop(data);
  }

  #find({ data, form }: PackedForm): number | undefined {
    const kept = data === undefined ? undefined : this.#forms.get(data)?.get(form);
    if (kept === undefined) return undefined;
    this.#kept.delete(kept);
    this.#kept.add(kept);
    return kept.address;
  }

  #keep({ data, form, bytes: size, write }: PackedForm): number | undefined {
    const bytes = size + CACHE_LINE;
    if (data === undefined || bytes > this.#limit) return undefined;
    let forms = this.#forms.get(data);
    if (forms === undefined) {
      forms = new Map();
      this.#forms.set(data, forms);
    }
    if (!forms.has(form)) {
      forms.set(form, undefined);
      return undefined;
    }
    for (const oldest of this.#kept) {
      if (this.#bytes + bytes <= this.#limit) break;
      this.#release(oldest);
      this.#forms.get(oldest.data)?.delete(oldest.form);
    }
    const block = this.#allocate(bytes);
    if (block === undefined) return undefined;
    const kept = { data, form, bytes, block, address: Math.ceil(block / CACHE_LINE) * CACHE_LINE };
    this.#bytes += bytes;
    this.#kept.add(kept);
    forms.set(form, kept);
    write(kept.address);
    return kept.address;
  }

  /** Undefined where the heap has no room: scratch will do. */
  #allocate(bytes: number): number | undefined {
    try {
      return this.#heap.allocate(bytes);
    } catch (error) {
      if (error instanceof WasmMemoryError) return undefined;
      throw error;
    }
  }

  #release(kept: Kept): void {
    this.#kept.delete(kept);
    this.#bytes -= kept.bytes;
    this.#heap.free(kept.block);
  }
}

/** What we use of the compiled tfjs module here. */
interface TfjsModule {
  readonly tfjs: { disposeData: (id: number) => void };
}

type Listener = (id: number) => void;

const watched = new WeakMap<TfjsModule, Set<Listener>>();

/**
 * Calls `listener` with the number of every tensor whose values go away or are about to change: tfjs then takes the number
 * out of its list, whereupon XNNPACK drops its packed copies too.
 *
 * @returns what ends that.
 */
export function watchData(module: TfjsModule, listener: Listener): () => void {
  const listeners = watched.get(module) ?? watch(module);
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function watch(module: TfjsModule): Set<Listener> {
  const listeners = new Set<Listener>();
  watched.set(module, listeners);
  const { disposeData } = module.tfjs;
  module.tfjs.disposeData = (id) => {
    for (const listener of listeners) listener(id);
    disposeData(id);
  };
  return listeners;
}
