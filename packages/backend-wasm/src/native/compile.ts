/**
 * Builds of the compiled kernels, all of the same sources: `fixed` gives the same bits everywhere, `relaxed` multiplies and adds
 * in one instruction, and `wide` does so in an order that lets the engine merge pairs of 128-bit operations.
 */
export type NativeBuild = 'fixed' | 'relaxed' | 'wide';

/** The binary of each build in base64, read when it is needed. */
const BINARIES: Readonly<Record<NativeBuild, () => Promise<string>>> = {
  fixed: async () => (await import('./binary.js')).NATIVE_BINARY,
  relaxed: async () => (await import('./binary-relaxed.js')).RELAXED_NATIVE_BINARY,
  wide: async () => (await import('./binary-wide.js')).WIDE_NATIVE_BINARY,
};

/** What precedes the limits of the imported memory: its name and its kind. */
const MEMORY_NAME = [...'memory'].map((letter) => letter.charCodeAt(0)).concat(2);

const SHARED_WITH_MAXIMUM = 3;
const PRIVATE_WITH_MAXIMUM = 1;

/** Our kernels, compiled for a memory that is shared between threads or not. */
export async function compileNative(
  memory: WebAssembly.Memory,
  build: NativeBuild,
): Promise<WebAssembly.Module> {
  const bytes = Uint8Array.from(atob(await BINARIES[build]()), (character) => character.charCodeAt(0));
  if (!isShared(memory)) makePrivate(bytes);
  return WebAssembly.compile(bytes);
}

/** Whether several threads may see this memory. */
export function isShared(memory: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
}

/** Has the module import a private memory: the only difference is one flag. */
function makePrivate(bytes: Uint8Array): void {
  const name = bytes.findIndex((_, i) => MEMORY_NAME.every((byte, j) => bytes[i + j] === byte));
  const flags = name + MEMORY_NAME.length;
  if (name < 0 || bytes[flags] !== SHARED_WITH_MAXIMUM)
    throw new Error('internal: unexpected native binary.');
  bytes[flags] = PRIVATE_WITH_MAXIMUM;
}

/** A module of one function, `f32x4.relaxed_madd` of its argument. */
const USES_RELAXED_SIMD = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // '\0asm', version 1
  ...[0x01, 0x06, 0x01, 0x60, 0x01, 0x7b, 0x01, 0x7b], // one type: v128 to v128
  ...[0x03, 0x02, 0x01, 0x00], // one function of it
  ...[0x0a, 0x0d, 0x01, 0x0b, 0x00], // its code, without locals
  ...[0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0xfd, 0x85, 0x02, 0x0b], // its argument three times; f32x4.relaxed_madd; end
);

/** Whether the engine has relaxed SIMD, whose multiply-add is one instruction. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(USES_RELAXED_SIMD);
}

/** The functions that the AssemblyScript module exports; addresses are bytes into the shared memory. */
export interface NativeExports {
  /** Runs all tasks of a job on this thread. */
  runTasks(kind: number, args: number, tasks: number): void;
  /** Runs a job on the pool of the control block; 0 if tasks are left that other threads work on. */
  dispatch(control: number, kind: number, args: number, tasks: number): number;
  /** Waits some time for such tasks; 0 if they are not done yet. */
  awaitDone(control: number, tasks: number): number;
  /** Ends the workers of the control block. */
  quit(control: number): void;
  packKernel(
    kernel: number,
    packed: number,
    taps: number,
    inChannels: number,
    outChannels: number,
    isGradient: boolean,
  ): void;
  /** Copies runs of bytes, the starts of which lie `fromStride` and `toStride` bytes apart. */
  moveRuns(from: number, fromStride: number, to: number, toStride: number, bytes: number, runs: number): void;
  sumSlots(
    partials: number,
    slots: number,
    out: number,
    taps: number,
    inChannels: number,
    outChannels: number,
  ): void;
  winogradKernel(
    kernel: number,
    transformed: number,
    lines: number,
    depth: number,
    inChannels: number,
    outChannels: number,
    isGradient: boolean,
    tile: number,
  ): void;
  /** Tasks of `winogradForward`. */
  blockCount(args: number): number;
  addSlots(sums: number, slots: number, out: number, count: number): void;
  sumSquares(x: number, count: number): number;
  meanOfPartials(partials: number, tasks: number, pixels: number): number;
  softDice(
    sums: number,
    groups: number,
    tasks: number,
    labels: number,
    firstLabel: number,
    weight: number,
    smooth: number,
    isSquared: number,
  ): number;
  fillAxis(table: number, inSize: number, outSize: number): void;
  invertAxis(axis: number, inverse: number, inSize: number, outSize: number): void;
}
