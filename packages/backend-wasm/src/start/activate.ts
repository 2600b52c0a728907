import { requireIntegers, ValueError } from '@sshn/core';
import { type ActiveBackend, backendStarter } from '@sshn/ops';
import { getThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import { env, getKernelsForBackend } from '@tensorflow/tfjs-core';
import { BACKEND } from '../composed/kernel.js';
import { composedKernels, isComposed, registerComposedKernels } from '../composed/register.js';
import { undoFailedGradients, undoFailedKernels } from '../heap/undo.js';
import {
  loadNative,
  type NativeKernels,
  type NativeSettings,
  registerNativeKernels,
  unregisterNativeKernels,
} from '../native/index.js';
import { chooseBuild } from '../native/self-test.js';
import { requireTimelyPaths, type Start, startBackend } from './backend.js';
import type { FastWasmOptions, FastWasmStatus, Surroundings } from './options.js';
import { readWithoutClearing } from './read.js';

interface Active extends ActiveBackend {
  readonly native: NativeKernels | undefined;
  readonly status: FastWasmStatus;
}

/** Threads by default: more than that share too little work. */
const DEFAULT_THREADS = 8;

/** Threads at most: a kernel has 64 tasks at most, and a thread takes some 6 MB. */
const MOST_THREADS = 64;

const TOO_LATE = 'One thread: the wasm backend had started before useFastWasm, on memory that is not shared.';

const starter = backendStarter<Active>(BACKEND);

/** What `useFastWasm` does, given what differs between Node and pages. */
export async function activate(
  surroundings: Surroundings,
  {
    wasmPaths,
    native = true,
    threads = Math.min(surroundings.cores, DEFAULT_THREADS),
    reproducible = false,
    wide = true,
    largeTiles = true,
  }: FastWasmOptions,
): Promise<FastWasmStatus> {
  requireIntegers('useFastWasm', { threads });
  if (threads > MOST_THREADS) {
    throw new ValueError({
      where: 'useFastWasm: threads',
      got: threads,
      expected: `at most ${MOST_THREADS}`,
      hint: `This machine runs ${surroundings.cores} at once; more are no faster.`,
    });
  }
  const options = { native, threads, reproducible, wide, largeTiles };
  const wish = JSON.stringify(options);
  return starter.activate(wish, async () => ({ wish, ...(await start(surroundings, wasmPaths, options)) }));
}

/** What is on; undefined before the first `activate`. */
export function activeStatus(): FastWasmStatus | undefined {
  const { status, native } = starter.active ?? {};
  if (status === undefined || native?.failure === undefined) return status;
  return { ...status, limits: [...status.limits, native.failure.message] };
}

async function start(
  surroundings: Surroundings,
  wasmPaths: FastWasmOptions['wasmPaths'],
  {
    native: wantsNative,
    threads,
    reproducible,
    wide,
    largeTiles,
  }: Required<Omit<FastWasmOptions, 'wasmPaths'>>,
): Promise<Omit<Active, 'wish'>> {
  if (starter.active === undefined) requireTimelyPaths(wasmPaths);
  const started = await startBackend(surroundings, wasmPaths, {
    isOurs: wantsNative,
    isShared: wantsNative && threads > 1,
  });
  const { backend } = started;
  if (surroundings.uncleared !== undefined) readWithoutClearing(backend, surroundings.uncleared);

  unregisterNativeKernels();
  starter.active?.native?.dispose();
  registerComposedKernels();
  const before = kernelFunctions();
  const choice = wantsNative
    ? chooseBuild({ reproducible, wide, setFlags: surroundings.setFlags })
    : undefined;
  const { native, problem } =
    choice === undefined ? {} : await startNative(started, { threads, build: choice.build, largeTiles });
  const limits = problem === undefined ? started.limits : [...started.limits, problem];
  const status = describe(before, native, choice?.reason, limits);
  undoFailedKernels(backend, BACKEND);
  undoFailedGradients();
  return { backend, native, status, isLost: () => native?.failure !== undefined };
}

/** Our compiled kernels at work, or why they are not. */
async function startNative(
  { backend, limits }: Start,
  settings: NativeSettings,
): Promise<{ native?: NativeKernels; problem?: string }> {
  if (!env().getBool('WASM_HAS_SIMD_SUPPORT')) {
    return { problem: 'No compiled kernels: there is no SIMD in wasm here.' };
  }
  try {
    const native = await loadNative(backend, settings);
    registerNativeKernels(native);
    if (native.poolProblem !== undefined) return { native, problem: `One thread: ${native.poolProblem}.` };
    return native.threads === settings.threads || limits.length > 0
      ? { native }
      : { native, problem: TOO_LATE };
  } catch (error) {
    unregisterNativeKernels();
    return { problem: `No compiled kernels: ${error instanceof Error ? error.message : String(error)}` };
  }
}

const kernelFunctions = () =>
  new Map(getKernelsForBackend(BACKEND).map(({ kernelName, kernelFunc }) => [kernelName, kernelFunc]));

/** Tells origins apart: what has changed since `before` is compiled. */
function describe(
  before: ReturnType<typeof kernelFunctions>,
  nativeKernels: NativeKernels | undefined,
  reason: string | undefined,
  limits: readonly string[],
): FastWasmStatus {
  const now = kernelFunctions();
  const native = [...now.keys()].filter((name) => now.get(name) !== before.get(name)).sort();
  const others = composedKernels
    .map(({ kernelName }) => kernelName)
    .filter((name) => !native.includes(name))
    .sort();
  return {
    backend: BACKEND,
    simd: env().getBool('WASM_HAS_SIMD_SUPPORT') && (nativeKernels?.build ?? 'fixed'),
    simdReason: (nativeKernels && reason) ?? 'our compiled kernels are off',
    threads: nativeKernels?.threads ?? getThreadsCount(),
    kernels: {
      native,
      composed: others.filter(isComposed),
      stock: others.filter((name) => !isComposed(name)),
    },
    limits,
  };
}
