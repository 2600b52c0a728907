import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { DataType, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';

import type { WasmThreadError } from '../errors.js';
import { guardHeap } from '../heap/guard.js';
import { type TfjsModule, tfjsModule } from '../heap/tfjs-module.js';
import { compileNative, isShared, type NativeBuild, type NativeExports } from './compile.js';
import { DeferredProducts, type OuterProductFate } from './deferred.js';
import { type ArgsOf, JOB_NUMBERS, JOBS, type Job } from './jobs.js';
import { bytesOf, SIZES, type StructName, type StructValues, writeStruct } from './layout.js';
import { PackedKernels, watchData } from './packed-kernels.js';
import { Pool } from './pool.js';

/** How the kernels run. */
export interface NativeSettings {
  /** Threads that work on a kernel, the calling one among them. */
  readonly threads: number;
  /** Which build of the kernels; all but `fixed` need relaxed SIMD. */
  readonly build: NativeBuild;
  /** Whether convolutions may use Winograd's F(6×6, 3×3). */
  readonly largeTiles: boolean;
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
  /** Which build of the kernels this is. */
  readonly build: NativeBuild;
  /** Whether convolutions may use Winograd's F(6×6, 3×3), which is faster for large maps and rounds more. */
  readonly largeTiles: boolean;
  /** Packed kernels that are kept. */
  readonly packed: PackedKernels;
  readonly #unwatch: () => void;
  readonly #backend: BackendWasm;
  readonly #tfjs: TfjsModule;
  readonly #memory: WebAssembly.Memory;
  #arena = 0;
  #arenaBytes = 0;
  #words: Int32Array;
  #floats: Float32Array;
  #pool: Pool | undefined;
  #poolProblem: string | undefined;
  #products: DeferredProducts | undefined;

  private constructor(
    backend: BackendWasm,
    memory: WebAssembly.Memory,
    { exports, build, largeTiles }: Pick<NativeModule, 'exports' | 'build' | 'largeTiles'>,
  ) {
    this.#backend = backend;
    this.#tfjs = tfjsModule(backend);
    this.#memory = memory;
    this.exports = exports;
    this.build = build;
    this.largeTiles = largeTiles;
    this.packed = new PackedKernels(this);
    this.#unwatch = watchData(this.#tfjs, (id) => this.packed.drop(id));
    this.#words = new Int32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
  }

  /**
   * Compiles the kernels against the memory of `backend` and starts a pool of `threads` where that memory is shared;
   * where it is not, or threads do not start (`poolProblem`), there is one thread.
   */
  static async load(
    backend: BackendWasm,
    { threads, build, largeTiles }: NativeSettings,
  ): Promise<NativeModule> {
    const { memory } = tfjsModule(backend).asm;
    if (memory === undefined) {
      throw new Error('the wasm backend had started before useFastWasm, on threads of its own.');
    }
    guardHeap(backend);
    const module = await compileNative(memory, build);
    const instance = await WebAssembly.instantiate(module, { env: { memory } });
    const exports = instance.exports as unknown as NativeExports;
    const native = new NativeModule(backend, memory, { exports, build, largeTiles });
    if (threads > 1 && isShared(memory)) await native.#startPool(module, threads);
    return native;
  }

  /** Why there is no pool although the memory is shared. */
  get poolProblem(): string | undefined {
    return this.#poolProblem;
  }

  /** That a thread has died or hangs: no kernel works on threads any more. */
  get failure(): WasmThreadError | undefined {
    return this.#pool?.failure;
  }

  /** Threads that work on a job, the main thread among them. */
  get threads(): number {
    return this.#pool?.threads ?? 1;
  }

  /**
   * Runs the tasks of a job, whose arguments lie at `args`, on all threads.
   *
   * @throws {WasmThreadError} if a thread has died or hangs.
   */
  run(job: Job, args: number, tasks: number): void {
    const kind = JOB_NUMBERS.get(job)!;
    if (this.#pool === undefined || tasks < 2) this.exports.runTasks(kind, args, tasks);
    else this.#pool.run(kind, args, tasks);
  }

  /** Writes the arguments of a job, to `args` where scratch has been reserved with them, and runs it: see `run`. */
  start<Name extends Job>(
    job: Name,
    values: StructValues<ArgsOf<Name>>,
    tasks: number,
    args = this.reserve({ args: bytesOf(JOBS[job]) }).args,
  ): void {
    this.write(JOBS[job] as ArgsOf<Name>, args, values);
    this.run(job, args, tasks);
  }

  /** Writes a struct to an address: each field from the first of `sources` that has it. */
  write<Name extends StructName>(
    name: Name,
    address: number,
    ...sources: [StructValues<Name>] | readonly Partial<StructValues<Name>>[]
  ): void {
    this.#refresh();
    writeStruct(this.#words, this.#floats, address, name, sources);
  }

  /** Bytes of the tfjs heap that the arena holds now. */
  get arenaBytes(): number {
    return this.#arenaBytes;
  }

  /** Address of a tensor's values. */
  address(tensor: TensorInfo): number {
    return this.#backend.dataIdMap.get(tensor.dataId).memoryOffset >>> 0;
  }

  /** The number of a tensor's data: no other data gets it, and `packed` drops its forms when the values change or go away. */
  dataNumber(tensor: TensorInfo): number {
    return this.#backend.dataIdMap.get(tensor.dataId).id;
  }

  /** A new tensor with undefined values. */
  output(shape: readonly number[], dtype: DataType = 'float32'): TensorInfo {
    return this.#backend.makeOutput([...shape], dtype);
  }

  /** Takes back a tensor that was made with `output` or `share` and goes no further. */
  release(x: TensorInfo): void {
    this.#backend.disposeData(x.dataId);
  }

  /** A tensor of another shape and the same values: they are counted once more, not copied. */
  share(x: TensorInfo, shape: readonly number[]): TensorInfo {
    this.#backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: [...shape], dtype: x.dtype };
  }

  /**
   * A tensor to write the successor of `x` to: in the memory of `x`, unless other tensors share that.
   *
   * The values of an address are about to change, which kernels of tfjs do not expect: XNNPACK keeps packed copies of
   * weights by the number of a tensor. Taking the number out and in again makes it, and `packed`, drop them.
   */
  reuse(x: TensorInfo): TensorInfo {
    if (this.#backend.refCount(x.dataId) !== 1) return this.output(x.shape, x.dtype);
    const { id, memoryOffset } = this.#backend.dataIdMap.get(x.dataId);
    this.#tfjs.tfjs.disposeData(id);
    this.#tfjs.tfjs.registerTensor(id, sizeOf(x.shape), memoryOffset);
    return this.share(x, x.shape);
  }

  /**
   * Addresses of scratch sections with the given sizes in bytes, valid until the next call.
   *
   * @throws {WasmMemoryError} if the heap has no room.
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

  /** The outer products that are not written yet; `fate` is that of the first call. */
  products(fate: OuterProductFate): DeferredProducts {
    this.#products ??= new DeferredProducts(this.#backend, fate);
    return this.#products;
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

  /**
   * Ends the threads and gives the arena and kept kernels back. The kernels stay usable on one thread; the next call reserves
   * anew.
   */
  dispose(): void {
    this.#products?.dispose();
    this.#products = undefined;
    this.#pool?.dispose();
    this.#pool = undefined;
    this.#freeArena();
    this.packed.dispose();
    this.#unwatch();
  }

  /** The control block stays allocated: a thread on its way out may still touch it. */
  async #startPool(module: WebAssembly.Module, threads: number): Promise<void> {
    const block = this.allocate(SIZES.CONTROL_BYTES + ALIGNMENT);
    const control = Math.ceil(block / ALIGNMENT) * ALIGNMENT;
    this.words().fill(0, control / 4, (control + SIZES.CONTROL_BYTES) / 4);
    const memory = this.#memory;
    try {
      this.#pool = await Pool.start(this.exports, { threads, module, memory, control });
    } catch (error) {
      this.#poolProblem = error instanceof Error ? error.message : String(error);
    }
  }

  #freeArena(): void {
    if (this.#arena !== 0) this.free(this.#arena);
    this.#arena = 0;
    this.#arenaBytes = 0;
  }

  /** Start of the arena, aligned, with room for `bytes`. */
  #grow(bytes: number): number {
    if (bytes + ALIGNMENT > this.#arenaBytes) {
      this.#freeArena();
      const wanted = bytes + ALIGNMENT + (bytes >>> 3);
      this.#arena = this.allocate(wanted);
      this.#arenaBytes = wanted;
    }
    return Math.ceil(this.#arena / ALIGNMENT) * ALIGNMENT;
  }

  /** Frees a block of `allocate`. */
  free(address: number): void {
    this.#tfjs._free(address);
  }

  /**
   * A block of the tfjs heap outside of the arena; its owner frees it.
   *
   * @throws {WasmMemoryError} if the heap has no room.
   */
  allocate(bytes: number): number {
    return this.#tfjs._malloc(bytes) >>> 0;
  }

  #refresh(): void {
    const { buffer } = this.#memory;
    if (this.#words.buffer === buffer) return;
    this.#words = new Int32Array(buffer);
    this.#floats = new Float32Array(buffer);
  }
}

/** Our version of a kernel of tfjs; `previous` is the one that stood there, for what ours does not cover. */
export type MakeKernel = (native: NativeModule, previous: KernelFunc | undefined) => KernelFunc;

/** Number of values of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, edge) => product * edge, 1);
}
