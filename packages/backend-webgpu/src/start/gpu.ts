import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { WebgpuDeviceLostError } from '../errors.js';

/** What of `navigator.gpu` is used here. */
export interface Gpu {
  requestAdapter(options: {
    readonly powerPreference: PowerPreference;
    readonly forceFallbackAdapter: boolean;
  }): Promise<Adapter | null>;
}

/** What the machine is to prefer where it has several adapters. */
export type PowerPreference = 'high-performance' | 'low-power';

export interface Adapter {
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  readonly info?: AdapterInfo;
  /** Where the information has not got it yet. */
  readonly isFallbackAdapter?: boolean;
  requestDevice(descriptor: {
    readonly requiredFeatures: readonly string[];
    readonly requiredLimits: Readonly<Record<string, number>>;
  }): Promise<Device>;
}

export interface AdapterInfo {
  readonly vendor?: string;
  readonly architecture?: string;
  readonly device?: string;
  readonly description?: string;
  readonly isFallbackAdapter?: boolean;
}

export interface Device {
  readonly limits: Readonly<Record<string, number>>;
  readonly lost: Promise<{ readonly message: string }>;
  addEventListener(type: 'uncapturederror', listener: (event: UncapturedError) => void): void;
}

/** An error that no error scope has caught. */
export interface UncapturedError {
  readonly error: { readonly message: string };
  preventDefault(): void;
}

/** Limits that are asked for in full: stock tfjs' kernels are written for them. */
const wantedLimits = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
  'maxStorageBuffersPerShaderStage',
] as const;

/** A device with all that its adapter can. */
export function openDevice(adapter: Adapter): Promise<Device> {
  const wanted = ['timestamp-query', 'bgra8unorm-storage', 'subgroups', 'shader-f16'];
  return adapter.requestDevice({
    requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name]!])),
  });
}

/** What an adapter is, in words: 'NVIDIA H100', 'google swiftshader'. */
export function describeAdapter({ info = {} }: Adapter): string {
  const { vendor = '', architecture = '', device = '', description = '' } = info;
  return description || device || `${vendor} ${architecture}`.trim() || 'an adapter without a name';
}

/** Whether it computes on the CPU. */
export function isSoftware({ info, isFallbackAdapter }: Adapter): boolean {
  const names = [info?.vendor, info?.architecture, info?.device, info?.description].join(' ');
  return (
    info?.isFallbackAdapter ??
    isFallbackAdapter ??
    /swiftshader|llvmpipe|lavapipe|basic render|software/i.test(names)
  );
}

/**
 * Has a backend notice that its device is lost: what is asked of it from then on, and reads that wait, end in a
 * `WebgpuDeviceLostError`. tfjs' own would compute nothing without a word, and end reads in errors of the browser.
 *
 * @returns whether it is lost.
 */
export function watchDevice(backend: WebGPUBackend, device: Device): () => boolean {
  let loss: WebgpuDeviceLostError | undefined;
  const waiting = new Set<(error: Error) => void>();
  void device.lost.then(({ message }) => {
    loss = new WebgpuDeviceLostError(message);
    for (const reject of waiting) reject(loss);
    waiting.clear();
  });
  const requireDevice = (): void => {
    if (loss !== undefined) throw loss;
  };

  const { read, readSync, runWebGPUProgram } = backend;
  backend.read = async (dataId) => {
    requireDevice();
    return new Promise((resolve, reject) => {
      waiting.add(reject);
      read
        .call(backend, dataId)
        // A read may fail before the loss is reported: the loss is the reason then too.
        .then(resolve, (error: unknown) => setTimeout(() => reject(loss ?? error)))
        .finally(() => waiting.delete(reject));
    });
  };
  backend.readSync = (dataId) => {
    requireDevice();
    return readSync.call(backend, dataId);
  };
  backend.runWebGPUProgram = (...program) => {
    requireDevice();
    return runWebGPUProgram.apply(backend, program);
  };
  return () => loss !== undefined;
}
