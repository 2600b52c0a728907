import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** The functions that the compiled code of tfjs exports. */
export interface TfjsExports {
  /** Absent in the threaded build, which imports its memory. */
  readonly memory?: WebAssembly.Memory;
  readonly malloc: (bytes: number) => number;
  readonly free: (address: number) => void;
  readonly stackSave: () => number;
  readonly stackRestore: (address: number) => void;
  /** Address of the C library's `errno`. */
  readonly __errno_location: () => number;
  readonly dispose: () => void;
}

/** The module that emscripten makes around them, as far as we use it; the types of tfjs leave most of it out. */
export interface TfjsModule {
  asm: TfjsExports;
  /** Views of the whole heap; others after it has grown. */
  readonly HEAPU8: Uint8Array;
  readonly HEAP32: Int32Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
  readonly tfjs: {
    init(): void;
    initWithThreadsCount(count: number): void;
    getThreadsCount(): number;
    registerTensor(id: number, size: number, address: number): void;
    disposeData(id: number): void;
    dispose(): void;
  };
}

/** The compiled module behind a wasm backend of tfjs. */
export function tfjsModule(backend: BackendWasm): TfjsModule {
  return backend.wasm as unknown as TfjsModule;
}
