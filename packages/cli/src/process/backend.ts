import { homedir } from 'node:os';
import { join } from 'node:path';
import { type FastWasmStatus, useFastWasm } from '@sshn/backend-wasm';
import { type FastWebgpuStatus, useFastWebgpu, WebgpuUnavailableError } from '@sshn/backend-webgpu';
import { type ChooseBackendOptions, chooseBackend } from '@sshn/model';
import { fileStore } from '@sshn/model/node';
import { env } from '@tensorflow/tfjs-core';
import { machine } from './environment.js';

/** What computes: one backend, or whichever is faster here. */
export const backendChoices = ['wasm', 'webgpu', 'auto'] as const;
type BackendChoice = (typeof backendChoices)[number];

/** What `--threads` and `--backend` give. */
export interface ComputingFlags {
  /** That compute at once on wasm. @default as many as the machine has cores, within reason */
  readonly threads?: number;
  /** @default 'wasm' */
  readonly backend?: BackendChoice;
}

/** A backend that runs. */
export interface RunningBackend {
  /** What it is, the same in every process on this machine: 'wasm (SIMD, 2 threads, 23 native and 12 composed kernels)'. */
  readonly name: string;
  /** The same and, where it was chosen, why. */
  readonly description: string;
}

/**
 * Starts the backend that computes everything.
 *
 * @param purpose What it is chosen for where `backend` is 'auto'.
 * @throws {WebgpuUnavailableError} if webgpu is asked for and cannot be had.
 */
export async function startBackend(
  { threads, backend = 'wasm' }: ComputingFlags,
  purpose: NonNullable<ChooseBackendOptions['purpose']>,
): Promise<RunningBackend> {
  // Without this, tfjs prints advertisements of its own.
  env().set('PROD', true);
  let running = '';
  const starts = {
    wasm: async () => {
      running = describeBackend(await useFastWasm(threads === undefined ? {} : { threads }));
    },
    webgpu: async () => {
      running = describeWebgpu(await useFastWebgpu());
    },
  };
  if (backend !== 'auto') {
    await starts[backend]();
    return { name: running, description: running };
  }
  const { reason, isRemembered } = await chooseBackend({
    candidates: [
      { name: 'wasm', start: starts.wasm },
      { name: 'webgpu', start: () => starts.webgpu().catch(inShort) },
    ],
    purpose,
    store: fileStore(choicesFile()),
    device: `${machine()}, ${threads ?? 'all'} threads, Node ${process.versions.node}`,
  });
  return { name: running, description: `${running}; ${isRemembered ? 'measured earlier: ' : ''}${reason}` };
}

/** Of several, one that cannot be had needs no way out. */
function inShort(error: unknown): never {
  throw error instanceof WebgpuUnavailableError ? new Error(error.problem) : error;
}

/** Where choices are remembered; each user has one. */
function choicesFile(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sshn', 'backend.json');
}

/** 'wasm (SIMD, 2 threads, 23 native and 12 composed kernels)', and what is less than it could be, and why. */
export function describeBackend({ simd, threads, kernels, limits }: FastWasmStatus): string {
  const { native, composed } = kernels;
  const parts = [
    { wide: 'wide SIMD', relaxed: 'relaxed SIMD', fixed: 'SIMD', none: 'no SIMD' }[simd || 'none'],
    `${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    `${native.length} native and ${composed.length} composed kernels`,
  ];
  return [`wasm (${parts.join(', ')})`, ...limits].join('; ');
}

/** 'webgpu (NVIDIA H100)', and whether that is a processor in truth. */
function describeWebgpu({ adapter, isSoftware }: FastWebgpuStatus): string {
  return `webgpu (${adapter}${isSoftware ? ', in software: slower than wasm' : ''})`;
}
