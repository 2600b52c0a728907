import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';

import { NATIVE_BINARY } from './binary.js';

/** The functions that the AssemblyScript module exports; addresses are bytes into the shared memory. */
export interface NativeExports {
  packKernel(
    kernel: number,
    packed: number,
    taps: number,
    inChannels: number,
    outChannels: number,
    isGradient: boolean,
  ): void;
  convDirect(args: number, begin: number, end: number, worker: number): void;
  convKernelGradient(args: number, begin: number, end: number, worker: number): void;
  biasGradient(dy: number, out: number, scratch: number, pixels: number, channels: number): void;
  leakyGradient(dy: number, y: number, dx: number, count: number, slope: number): void;
  adam(
    param: number,
    m: number,
    v: number,
    grad: number,
    paramOut: number,
    mOut: number,
    vOut: number,
    count: number,
    keep: number,
    rate: number,
    beta1: number,
    beta2: number,
    rest1: number,
    rest2: number,
    rootScale: number,
    epsilon: number,
  ): void;
  copyRuns(from: number, fromStride: number, to: number, toStride: number, bytes: number, runs: number): void;
  crossEntropy(
    logits: number,
    truth: number,
    isSoft: number,
    loss: number,
    gradient: number,
    pixels: number,
    labels: number,
  ): void;
  softDice(
    logits: number,
    truth: number,
    isSoft: number,
    gradient: number,
    sums: number,
    groups: number,
    pixels: number,
    labels: number,
    firstLabel: number,
    weight: number,
    smooth: number,
    isSquared: number,
  ): number;
  head(weight: number, hidden: number, out: number, outputs: number, width: number): void;
  headWeightGradient(dy: number, hidden: number, out: number, outputs: number, width: number): void;
  headHiddenGradient(
    weight: number,
    dy: number,
    out: number,
    scratch: number,
    outputs: number,
    width: number,
  ): void;
  fillAxis(table: number, inSize: number, outSize: number): void;
  invertAxis(axis: number, inverse: number, inSize: number, outSize: number): void;
  resize(args: number, begin: number, end: number): void;
  resizeGradient(args: number, begin: number, end: number): void;
  winogradForward(args: number, begin: number, end: number, worker: number): void;
  winogradKernelGradient(args: number, begin: number, end: number, worker: number): void;
  winogradKernel(
    kernel: number,
    transformed: number,
    lines: number,
    depth: number,
    inChannels: number,
    outChannels: number,
    isGradient: boolean,
  ): void;
  winogradKernelBack(
    sums: number,
    slots: number,
    gradient: number,
    lines: number,
    depth: number,
    inChannels: number,
    outChannels: number,
  ): void;
  sumSlots(
    partials: number,
    slots: number,
    out: number,
    taps: number,
    inChannels: number,
    outChannels: number,
  ): void;
}

/** What we use of the compiled tfjs module: its memory and its allocator. */
interface TfjsModule {
  readonly asm: { readonly memory: WebAssembly.Memory };
  readonly _malloc: (bytes: number) => number;
  readonly _free: (address: number) => void;
}

/** Sections of the arena start on cache lines. */
const ALIGNMENT = 64;

/**
 * Our compiled kernels, running in the memory of one tfjs wasm backend, with an arena for scratch.
 *
 * The arena is one block of the tfjs heap. It grows to the largest need so far and is reused by every call.
 */
export class NativeModule {
  readonly exports: NativeExports;
  readonly #backend: BackendWasm;
  readonly #tfjs: TfjsModule;
  #arena = 0;
  #arenaBytes = 0;
  #words: Int32Array;
  #floats: Float32Array;

  private constructor(backend: BackendWasm, tfjs: TfjsModule, exports: NativeExports) {
    this.#backend = backend;
    this.#tfjs = tfjs;
    this.exports = exports;
    this.#words = new Int32Array(tfjs.asm.memory.buffer);
    this.#floats = new Float32Array(tfjs.asm.memory.buffer);
  }

  /** Compiles the kernels against the memory of `backend`. */
  static async load(backend: BackendWasm): Promise<NativeModule> {
    const tfjs = backend.wasm as unknown as TfjsModule;
    const bytes = Uint8Array.from(atob(NATIVE_BINARY), (character) => character.charCodeAt(0));
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory: tfjs.asm.memory } });
    return new NativeModule(backend, tfjs, instance.exports as unknown as NativeExports);
  }

  /** Bytes of the tfjs heap that the arena holds now. */
  get arenaBytes(): number {
    return this.#arenaBytes;
  }

  /** Address of a tensor's values. */
  address(tensor: TensorInfo): number {
    return this.#backend.dataIdMap.get(tensor.dataId).memoryOffset >>> 0;
  }

  /** A new tensor with undefined values. */
  output(shape: readonly number[], dtype: DataType = 'float32'): TensorInfo {
    return this.#backend.makeOutput([...shape], dtype);
  }

  /** A tensor of another shape and the same values: they are counted once more, not copied. */
  share(x: TensorInfo, shape: readonly number[]): TensorInfo {
    this.#backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: [...shape], dtype: x.dtype };
  }

  /**
   * Addresses of scratch sections with the given sizes in bytes, valid until the next call.
   *
   * @throws {RangeError} if the heap has no room; the message says how much was asked for.
   */
  reserve<Name extends string>(sizes: Readonly<Record<Name, number>>): Record<Name, number> {
    const addresses = {} as Record<Name, number>;
    let total = 0;
    for (const name in sizes) {
      addresses[name] = total;
      total += Math.ceil(sizes[name] / ALIGNMENT) * ALIGNMENT;
    }
    const base = this.#grow(total);
    for (const name in addresses) addresses[name] += base;
    return addresses;
  }

  /** The memory as 32-bit words; ask again after anything that may allocate. */
  words(): Int32Array {
    this.#refresh();
    return this.#words;
  }

  /** The memory as float32 values; ask again after anything that may allocate. */
  floats(): Float32Array {
    this.#refresh();
    return this.#floats;
  }

  /** Gives the arena back to the tfjs heap. The kernels stay usable; the next call reserves anew. */
  dispose(): void {
    if (this.#arena !== 0) this.#tfjs._free(this.#arena);
    this.#arena = 0;
    this.#arenaBytes = 0;
  }

  /** Start of the arena, aligned, with room for `bytes`. */
  #grow(bytes: number): number {
    if (bytes + ALIGNMENT > this.#arenaBytes) {
      this.dispose();
      const wanted = bytes + ALIGNMENT + (bytes >>> 3);
      const arena = this.#tfjs._malloc(wanted) >>> 0;
      if (arena === 0) throw new RangeError(`No room for ${wanted} bytes of scratch in the wasm heap.`);
      this.#arena = arena;
      this.#arenaBytes = wanted;
    }
    return Math.ceil(this.#arena / ALIGNMENT) * ALIGNMENT;
  }

  #refresh(): void {
    const { buffer } = this.#tfjs.asm.memory;
    if (this.#words.buffer === buffer) return;
    this.#words = new Int32Array(buffer);
    this.#floats = new Float32Array(buffer);
  }
}
