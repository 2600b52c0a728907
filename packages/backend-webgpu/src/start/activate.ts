import { type ActiveBackend, backendStarter, repairKernels, replaceBackend } from '@sshn/ops';
import { env } from '@tensorflow/tfjs-core';
import { WebgpuUnavailableError } from '../errors.js';
import { registerOwnKernels } from '../kernels/register.js';
import { type Adapter, type Device, describeAdapter, isSoftware, openDevice, watchDevice } from './gpu.js';
import type { FastWebgpuOptions, FastWebgpuStatus, Surroundings } from './surroundings.js';

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

interface Active extends ActiveBackend {
  readonly status: FastWebgpuStatus;
}

const starter = backendStarter<Active>(BACKEND);

/** What `useFastWebgpu` does, given what differs between Node and pages. */
export function activate(
  surroundings: Surroundings,
  { powerPreference = 'high-performance', software = false, native = true }: FastWebgpuOptions,
): Promise<FastWebgpuStatus> {
  const wish = `${powerPreference} ${software} ${native}`;
  return starter.activate(wish, async () => ({
    wish,
    ...(await start(surroundings, { powerPreference, software, native })),
  }));
}

/** What is on; undefined before the first `activate`. */
export function activeStatus(): FastWebgpuStatus | undefined {
  return starter.active?.status;
}

/** On a device of ours, so that it is known what it is; a backend that something else has started is removed. */
async function start(
  surroundings: Surroundings,
  { powerPreference, software, native }: Required<FastWebgpuOptions>,
): Promise<Omit<Active, 'wish'>> {
  const { WebGPUBackend } = await loadBackend();
  const gpu = await surroundings.gpu();
  const adapter = await gpu.requestAdapter({ powerPreference, forceFallbackAdapter: software });
  if (adapter === null) {
    const problem = `no ${software ? 'software ' : ''}adapter`;
    throw new WebgpuUnavailableError(problem, surroundings.withoutAdapter);
  }
  const device = await openDevice(adapter);
  const backend = new WebGPUBackend(device as never, adapter.info as never);
  const isLost = watchDevice(backend, device);
  if (!(await replaceBackend(BACKEND, () => backend, PRIORITY))) {
    throw new WebgpuUnavailableError('tfjs does not start on this device', surroundings.withoutAdapter);
  }
  repairKernels(BACKEND);
  env().set('WEBGPU_MATMUL_PROGRAM_TYPE', isSoftware(adapter) ? packedProduct : -1);
  const kernels = native ? registerOwnKernels(backend, BACKEND) : [];
  const status = { ...describe(surroundings, adapter, device), kernels };
  return { backend, isLost, status };
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
    if (runtime === 'page') return; // Its console shows it.
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
