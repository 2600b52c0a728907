import type { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

/** Where the `.wasm` files of tfjs lie: a folder with a slash at its end, or an address for each file name. */
export type WasmPaths = Parameters<typeof setWasmPaths>[0];

export interface FastWasmOptions {
  /**
   * Where the `.wasm` files of `@tensorflow/tfjs-backend-wasm` are served.
   * @default Node finds them in node_modules; a page asks for them beside itself
   */
  readonly wasmPaths?: WasmPaths;
  /** Whether to use our compiled kernels; without them, all is composed of tfjs' own. @default true */
  readonly native?: boolean;
  /**
   * Threads that our compiled kernels work on. More than one need memory that threads can share: in Node always, in a page
   * with cross-origin isolation; and a wasm backend that has not started yet. @default as many as there are cores, at most 8
   */
  readonly threads?: number;
  /**
   * Whether our compiled kernels give the same bits on every machine. They then do without relaxed SIMD, whose fused
   * multiply-add rounds once where the processor has it and twice elsewhere; on Intel and ARM that costs up to half of
   * their speed. @default false
   */
  readonly reproducible?: boolean;
  /**
   * Whether our compiled kernels may compute 256 bits at a time, where the engine merges pairs of 128-bit operations and a short
   * test at the start has right results in less time. In Node this sets flags of V8 for the whole process, which all WebAssembly that
   * is compiled later goes through: `--experimental-wasm-revectorize` (from Node 24 on, on x64), and in Node 20, which has no 256 bits,
   * `--experimental-wasm-relaxed-simd`. `false` leaves V8's flags alone, and so does `reproducible`. @default true
   */
  readonly wide?: boolean;
  /**
   * Whether convolutions of large maps may use Winograd's F(6×6, 3×3), which multiplies a fifth less than F(4×4, 3×3) and rounds more:
   * errors are up to 2e-5 of the largest output, 4e-7 in the median, instead of 2e-6 and 1.5e-7. `false` keeps to F(4×4, 3×3).
   * @default true
   */
  readonly largeTiles?: boolean;
}

/** What is on. */
export interface FastWasmStatus {
  readonly backend: 'wasm';
  /**
   * The SIMD in use: `wide` computes 256 bits at a time in our compiled kernels; `relaxed` 128, with fused multiply-add as
   * `wide`; `fixed` gives the same bits on every machine; `false` is none at all, in tfjs' kernels either.
   */
  readonly simd: 'wide' | 'relaxed' | 'fixed' | false;
  /** Why that one: in a few words. */
  readonly simdReason: string;
  /** Threads that our compiled kernels work on, or tfjs' where they are off. */
  readonly threads: number;
  /** Names of kernels by origin. `stock` are those of our list that the installed tfjs has itself. */
  readonly kernels: {
    readonly native: readonly string[];
    readonly composed: readonly string[];
    readonly stock: readonly string[];
  };
  /** Why something that was asked for is off: one sentence each. */
  readonly limits: readonly string[];
}

/** What depends on where the program runs. */
export interface Surroundings {
  /** How many threads the machine runs at once. */
  readonly cores: number;
  /** The bytes of one of tfjs' `.wasm` files. */
  readWasm(fileName: string, wasmPaths: WasmPaths | undefined): Promise<Uint8Array>;
  /** Has the engine know relaxed SIMD and merge pairs of 128-bit operations, if it can be told to; a reason if it surely does not merge. */
  setFlags(): string | undefined;
  /** Memory of so many bytes and any content; undefined where all memory is cleared first. */
  readonly uncleared?: (bytes: number) => ArrayBuffer;
}
