import { FileError, ValueError } from '@sshn/core';
import { type BackendWasm, getThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { backend, engine, env, getKernelsForBackend, setBackend } from '@tensorflow/tfjs-core';
import { BACKEND } from './composed/kernel.js';
import { composedKernels, isComposed, registerComposedKernels } from './composed/register.js';
import {
  loadNative,
  type NativeKernels,
  registerNativeKernels,
  unregisterNativeKernels,
} from './native/index.js';

export interface FastWasmOptions {
  /**
   * Where the `.wasm` files of `@tensorflow/tfjs-backend-wasm` are served: a folder with a slash at its end, or an address
   * for each file name. @default Node finds them in node_modules; a page asks for them beside its own script
   */
  readonly wasmPaths?: Parameters<typeof setWasmPaths>[0];
  /** Whether to use our compiled kernels; without them, all is composed of tfjs' own. @default true */
  readonly native?: boolean;
}

/** What is on. */
export interface FastWasmStatus {
  readonly backend: 'wasm';
  /** Whether tfjs' kernels use 128-bit SIMD. */
  readonly simd: boolean;
  /** How many threads tfjs' kernels run on. */
  readonly threads: number;
  /** Names of kernels by origin. `stock` are those of our list that the installed tfjs brings itself. */
  readonly kernels: {
    readonly native: readonly string[];
    readonly composed: readonly string[];
    readonly stock: readonly string[];
  };
  /** Why our compiled kernels are off although they were asked for. */
  readonly nativeProblem: string | undefined;
}

interface Active {
  readonly backend: BackendWasm;
  readonly wantsNative: boolean;
  readonly native: NativeKernels | undefined;
  readonly status: FastWasmStatus;
}

let active: Active | undefined;
let calls: Promise<unknown> = Promise.resolve();

/**
 * Makes wasm the current tfjs backend, able to train and fast: registers the kernels that stock tfjs lacks, has slow or
 * has wrong, first composed ones, then compiled ones where they run. Right results stay the same to rounding.
 *
 * May be called again, with the other value of `native` too; and again after the backend was removed.
 *
 * @returns what `fastWasmStatus` tells from now on.
 * @throws {FileError} if the wasm backend does not start, most often because a page does not serve its files.
 * @throws {ValueError} if `wasmPaths` comes after the backend has started and can have no effect.
 *
 * @example
 * await useFastWasm();                                     // Node
 * await useFastWasm({ wasmPaths: '/static/tfjs-wasm/' });  // a page that serves the three .wasm files there
 */
export function useFastWasm(options: FastWasmOptions = {}): Promise<FastWasmStatus> {
  const call = calls.then(() => activate(options));
  calls = call.catch(() => undefined);
  return call;
}

/** What `useFastWasm` has switched on; undefined before it was called. */
export function fastWasmStatus(): FastWasmStatus | undefined {
  return active?.status;
}

async function activate({ wasmPaths, native: wantsNative = true }: FastWasmOptions): Promise<FastWasmStatus> {
  const current = await startBackend(wasmPaths);
  if (active?.backend === current && active.wantsNative === wantsNative) return active.status;
  unregisterNativeKernels();
  active?.native?.dispose();
  registerComposedKernels();
  const before = kernelFunctions();
  const { native, problem } = wantsNative ? await startNative(current) : {};
  active = { backend: current, wantsNative, native, status: describe(before, problem) };
  return active.status;
}

async function startBackend(wasmPaths: FastWasmOptions['wasmPaths']): Promise<BackendWasm> {
  const hasStarted = BACKEND in engine().registry;
  if (wasmPaths !== undefined && hasStarted && active === undefined) {
    throw new ValueError({
      where: 'useFastWasm: wasmPaths',
      got: wasmPaths,
      expected: 'none, since the wasm backend has started already',
      hint: 'Call useFastWasm() before setBackend().',
    });
  }
  if (wasmPaths !== undefined && !hasStarted) setWasmPaths(wasmPaths);
  if (!(await setBackend(BACKEND))) {
    throw new FileError({
      path: typeof wasmPaths === 'string' ? wasmPaths : 'tfjs-backend-wasm.wasm',
      problem: 'the wasm backend of tfjs did not start',
      remedy:
        'Serve the .wasm files of @tensorflow/tfjs-backend-wasm and pass their folder: useFastWasm({ wasmPaths }).',
    });
  }
  return backend() as BackendWasm;
}

/** Our compiled kernels at work, or why they are not. */
async function startNative(current: BackendWasm): Promise<{ native?: NativeKernels; problem?: string }> {
  try {
    const native = await loadNative(current);
    registerNativeKernels(native);
    return { native };
  } catch (error) {
    unregisterNativeKernels();
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

const kernelFunctions = () =>
  new Map(getKernelsForBackend(BACKEND).map(({ kernelName, kernelFunc }) => [kernelName, kernelFunc]));

/** Tells origins apart: what has changed since `before` is compiled. */
function describe(
  before: ReturnType<typeof kernelFunctions>,
  nativeProblem: string | undefined,
): FastWasmStatus {
  const now = kernelFunctions();
  const native = [...now.keys()].filter((name) => now.get(name) !== before.get(name)).sort();
  const others = composedKernels
    .map(({ kernelName }) => kernelName)
    .filter((name) => !native.includes(name))
    .sort();
  return {
    backend: BACKEND,
    simd: env().getBool('WASM_HAS_SIMD_SUPPORT'),
    threads: getThreadsCount(),
    kernels: {
      native,
      composed: others.filter(isComposed),
      stock: others.filter((name) => !isComposed(name)),
    },
    nativeProblem,
  };
}
