import { WebgpuUnavailableError } from '../errors.js';
import type { Gpu, PowerPreference } from './gpu.js';

export interface FastWebgpuOptions {
  /** Which adapter the machine is to give where it has several. @default 'high-performance' */
  readonly powerPreference?: PowerPreference;
  /** Whether it is to compute on the CPU, to test what runs on a GPU. @default false */
  readonly software?: boolean;
  /** Whether kernels of ours replace compositions of stock ones: faster, with the same results. @default true */
  readonly native?: boolean;
}

/** What is on. */
export interface FastWebgpuStatus {
  readonly backend: 'webgpu';
  /** What gives the device: the page, or Dawn in Node. */
  readonly runtime: 'page' | 'dawn';
  /** The adapter in words. */
  readonly adapter: string;
  /** Whether the adapter computes on the CPU: right, and slower than the wasm backend. */
  readonly isSoftware: boolean;
  /** Of the device. */
  readonly limits: {
    readonly maxBufferBytes: number;
    readonly maxBindingBytes: number;
    readonly maxWorkgroupInvocations: number;
    readonly maxWorkgroupStorageBytes: number;
  };
  /** Names of the kernels of ours that are on. */
  readonly kernels: readonly string[];
  /** What the device has complained of, the first ten times: results are then wrong. Empty where all is well. */
  readonly problems: readonly string[];
}

/** What depends on where the program runs. */
export interface Surroundings {
  readonly runtime: FastWebgpuStatus['runtime'];
  /** `navigator.gpu`, or Dawn's where there is none. @throws {WebgpuUnavailableError} if it cannot be. */
  gpu(): Promise<Gpu>;
  /** What to do where there is no adapter. */
  readonly withoutAdapter: string;
}

const wayOut =
  'Use a browser that has it switched on, or the wasm backend: useFastWasm() of @sshn/backend-wasm.';

/** WebGPU of the page, if it has it. */
export const page: Surroundings = {
  runtime: 'page',
  withoutAdapter: wayOut,
  gpu: async () => {
    const gpu = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
    if (gpu !== undefined) return gpu;
    const isSecure = (globalThis as { isSecureContext?: boolean }).isSecureContext ?? true;
    throw new WebgpuUnavailableError(
      isSecure
        ? 'this browser has no navigator.gpu'
        : 'this page has no navigator.gpu, which only secure pages have',
      isSecure ? wayOut : 'Serve it over https, or from localhost.',
    );
  },
};
