import { getBackend, getKernel } from '@tensorflow/tfjs-core';
import { CapabilityError } from './errors.js';

/** What a feature asks of a backend, said once, checked before the first step rather than in the thousandth. */
export interface Requirement {
  readonly feature: string;
  readonly kernels: readonly string[];
  readonly wayOut: string;
}

/**
 * Checks that a backend has the kernels that some features need.
 *
 * @param backend Name of a registered tfjs backend. @default the current one
 * @throws {CapabilityError} naming every missing kernel and the way out.
 */
export function requireKernels(requirements: readonly Requirement[], backend = getBackend()): void {
  const missing = new Map<string, readonly string[]>();
  for (const { feature, kernels } of requirements) {
    const absent = kernels.filter((kernel) => getKernel(kernel, backend) == null);
    if (absent.length > 0) missing.set(feature, absent);
  }
  if (missing.size === 0) return;
  const wayOut = [...new Set(requirements.filter((r) => missing.has(r.feature)).map((r) => r.wayOut))].join(
    ' ',
  );
  throw new CapabilityError(backend, missing, wayOut);
}

/**
 * Whether the numbers of a tensor can be had at once, with `dataSync`, or only later, with `data`.
 *
 * A webgpu device answers later: in Node tfjs' `dataSync` throws there, in a page it may lose the device. A backend under
 * another name is taken to answer at once.
 *
 * @param backend Name of a tfjs backend. @default the current one
 */
export function readsAtOnce(backend = getBackend()): boolean {
  return backend !== 'webgpu';
}
