import { FileError, ValueError } from '@sshn/core';
import { replaceBackend, runningBackend } from '@sshn/ops';
import { type BackendWasm, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { backend, env, setBackend } from '@tensorflow/tfjs-core';
import { BACKEND } from '../composed/kernel.js';
import { guardHeap } from '../heap/guard.js';
import { removeGlueListeners } from '../heap/listeners.js';
import { createBackend } from '../heap/tfjs-backend.js';
import type { Surroundings, WasmPaths } from './options.js';

const SIMD_BINARY = 'tfjs-backend-wasm-simd.wasm';
/** Above webgl and cpu, as tfjs has it. */
const PRIORITY = 2;

/** A backend that runs. */
export interface Start {
  readonly backend: BackendWasm;
  /** Why its memory is not shared although that was asked for. */
  readonly limits: readonly string[];
}

/** Whether the wasm backend runs. */
export const hasStarted = (): boolean => runningBackend(BACKEND) !== undefined;

/**
 * Makes wasm the current backend, with memory that threads share if asked for and possible.
 *
 * @param isOurs Whether our kernels are to work on it: then tfjs does not start its threaded build, whose memory they cannot use.
 * @throws {FileError} if it does not start.
 */
export async function startBackend(
  { readWasm }: Surroundings,
  wasmPaths: WasmPaths | undefined,
  { isOurs, isShared }: { readonly isOurs: boolean; readonly isShared: boolean },
): Promise<Start> {
  const limits: string[] = [];
  if (isOurs && !hasStarted()) {
    env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    const canShare = typeof SharedArrayBuffer !== 'undefined';
    const problem = await startOurs(() => readWasm(SIMD_BINARY, wasmPaths), isShared && canShare);
    if (isShared && !canShare) {
      limits.push('One thread: this page is not cross-origin isolated, so memory cannot be shared.');
    } else if (isShared && problem !== undefined) limits.push(`One thread: ${problem}`);
  }
  if (wasmPaths !== undefined && !hasStarted()) setWasmPaths(wasmPaths);
  if (!(await setBackend(BACKEND))) {
    throw new FileError({
      path: typeof wasmPaths === 'string' ? wasmPaths : SIMD_BINARY,
      problem: 'the wasm backend of tfjs did not start',
      remedy:
        'Serve the .wasm files of @tensorflow/tfjs-backend-wasm and pass their folder: useFastWasm({ wasmPaths }).',
    });
  }
  removeGlueListeners();
  const started = backend() as BackendWasm;
  guardHeap(started);
  return { backend: started, limits };
}

/** @throws {ValueError} if the backend has started without us, so that `wasmPaths` can have no effect. */
export function requireTimelyPaths(wasmPaths: WasmPaths | undefined): void {
  if (wasmPaths !== undefined && hasStarted()) {
    throw new ValueError({
      where: 'useFastWasm: wasmPaths',
      got: wasmPaths,
      expected: 'none, since the wasm backend has started already',
      hint: 'Call useFastWasm() before setBackend().',
    });
  }
}

/** Puts a backend of `createBackend` in the place of tfjs' own; otherwise says why not. */
async function startOurs(
  readBinary: () => Promise<Uint8Array>,
  isShared: boolean,
): Promise<string | undefined> {
  if (!(await env().getAsync('WASM_HAS_SIMD_SUPPORT'))) return 'there is no SIMD in wasm here.';
  try {
    const binary = await readBinary();
    const hasStarted = await replaceBackend(BACKEND, () => createBackend(binary, { isShared }), PRIORITY);
    return hasStarted ? undefined : 'tfjs did not start on shared memory.';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
