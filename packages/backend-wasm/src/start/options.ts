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
}

/** What is on. */
export interface FastWasmStatus {
  readonly backend: 'wasm';
  /**
   * The 128-bit SIMD in use: `relaxed` has fused multiply-add in our compiled kernels; `fixed` gives the same bits on every
   * machine; `false` is none at all, in tfjs' kernels either.
   */
  readonly simd: 'relaxed' | 'fixed' | false;
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
  /** Memory of so many bytes and any content; undefined where all memory is cleared first. */
  readonly uncleared?: (bytes: number) => ArrayBuffer;
}
