import { repairKernels } from '@sshn/ops';
import {
  engine,
  env,
  findBackendFactory,
  registerBackend,
  removeBackend,
  setBackend,
} from '@tensorflow/tfjs-core';
import { WebgpuUnavailableError } from '../errors.js';
import { registerOwnKernels } from '../kernels/register.js';
import { type Adapter, type Device, describeAdapter, isSoftware, openDevice } from './gpu.js';
import type { FastWebgpuOptions, FastWebgpuStatus, Surroundings } from './options.js';
import { watchDevice } from './watch-device.js';

const BACKEND = 'webgpu';
/** Above all others, as tfjs has it. */
const PRIORITY = 3;
/**
 * tfjs' number for the one product of matrices that suits all shapes. Left to itself, it has 256 threads wait for each other
 * over small products, which takes a CPU 40 ms instead of half of one.
 */
const packedProduct = 3;
/** Complaints that are kept. */
const MOST_PROBLEMS = 10;

interface Active {
  readonly wish: string;
  readonly backend: object;
  readonly isLost: () => boolean;
  readonly status: FastWebgpuStatus;
}

let active: Active | undefined;
let calls: Promise<unknown> = Promise.resolve();

/** What `useFastWebgpu` does, given what differs between Node and pages. One call after the other. */
export function activate(surroundings: Surroundings, options: FastWebgpuOptions): Promise<FastWebgpuStatus> {
  const call = calls.then(() => activateNow(surroundings, options));
  calls = call.catch(() => undefined);
  return call;
}

/** What is on; undefined before the first `activate`. */
export function activeStatus(): FastWebgpuStatus | undefined {
  return active?.status;
}

/** On a device of ours, so that it is known what it is; a backend that something else has started is removed. */
async function activateNow(
  surroundings: Surroundings,
  { powerPreference = 'high-performance', software = false, native = true }: FastWebgpuOptions,
): Promise<FastWebgpuStatus> {
  const wish = `${powerPreference} ${software} ${native}`;
  const started = engine().registry[BACKEND];
  if (active?.wish === wish && active.backend === started && !active.isLost()) {
    await setBackend(BACKEND);
    return active.status;
  }
  const { WebGPUBackend } = await loadBackend();
  const gpu = await surroundings.gpu();
  const adapter = await gpu.requestAdapter({ powerPreference, forceFallbackAdapter: software });
  if (adapter === null) {
    const problem = `no ${software ? 'software ' : ''}adapter`;
    throw new WebgpuUnavailableError(problem, surroundings.withoutAdapter);
  }
  const device = await openDevice(adapter);
  if (findBackendFactory(BACKEND) != null) removeBackend(BACKEND);
  const watched = new WebGPUBackend(device as never, adapter.info as never);
  const isLost = watchDevice(watched, device);
  registerBackend(BACKEND, () => watched, PRIORITY);
  await setBackend(BACKEND);
  repairKernels(BACKEND);
  env().set('WEBGPU_MATMUL_PROGRAM_TYPE', isSoftware(adapter) ? packedProduct : -1);
  const backend = engine().registry[BACKEND]!;
  const kernels = native ? registerOwnKernels(backend, BACKEND) : [];
  const status = { ...describe(surroundings, adapter, device), kernels };
  active = { wish, backend, isLost, status };
  return status;
}

/** @throws {WebgpuUnavailableError} if tfjs' backend is not installed. */
async function loadBackend(): Promise<typeof import('@tensorflow/tfjs-backend-webgpu')> {
  try {
    return await import('@tensorflow/tfjs-backend-webgpu');
  } catch (error) {
    throw new WebgpuUnavailableError(
      `the package @tensorflow/tfjs-backend-webgpu does not load: ${error instanceof Error ? error.message : String(error)}`,
      'Run `npm install @tensorflow/tfjs-backend-webgpu`, and in Node `npm install webgpu` too.',
    );
  }
}

function describe(
  { runtime }: Surroundings,
  adapter: Adapter,
  device: Device,
): Omit<FastWebgpuStatus, 'kernels'> {
  const problems: string[] = [];
  const complain = (message: string): void => {
    if (problems.length < MOST_PROBLEMS) problems.push(message);
  };
  device.addEventListener('uncapturederror', (event) => {
    complain(event.error.message);
    if (runtime === 'page') return; // whose console tells it
    // Dawn would print it among the output of the program.
    event.preventDefault();
    if (problems.length === 1) console.warn(`webgpu: ${event.error.message}`);
  });
  void device.lost.then(({ message }) => complain(`The device was lost: ${message}`));
  const { limits } = device;
  return {
    backend: BACKEND,
    runtime,
    adapter: describeAdapter(adapter),
    isSoftware: isSoftware(adapter),
    limits: {
      maxBufferBytes: limits.maxBufferSize!,
      maxBindingBytes: limits.maxStorageBufferBindingSize!,
      maxWorkgroupInvocations: limits.maxComputeInvocationsPerWorkgroup!,
      maxWorkgroupStorageBytes: limits.maxComputeWorkgroupStorageSize!,
    },
    problems,
  };
}
