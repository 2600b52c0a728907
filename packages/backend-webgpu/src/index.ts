import { activate, activeStatus } from './start/activate.js';
import type { FastWebgpuOptions, FastWebgpuStatus } from './start/options.js';
import { page } from './start/page.js';

export { WebgpuDeviceLostError, WebgpuUnavailableError } from './errors.js';
export type { FastWebgpuOptions, FastWebgpuStatus } from './start/options.js';

/**
 * Makes webgpu the current tfjs backend, and its results right: stock kernels that fail are repaired (`repairKernels` of
 * `@sshn/core`). In Node it brings WebGPU along, through the package `webgpu`, where there is no `navigator.gpu`.
 *
 * May be called again. A webgpu backend that something else had started is replaced, and its tensors are gone. Read
 * tensors with `await x.data()`: a device does not answer at once, and `dataSync` loses or refuses it.
 *
 * A device that is lost later ends what waits and what comes in a `WebgpuDeviceLostError`; a further call starts another.
 *
 * @returns what `fastWebgpuStatus` tells from now on.
 * @throws {WebgpuUnavailableError} if there is none: no `navigator.gpu`, no package `webgpu`, or no adapter; it says what
 * to do.
 *
 * @example
 * const { adapter, isSoftware } = await useFastWebgpu();
 */
export function useFastWebgpu(options: FastWebgpuOptions = {}): Promise<FastWebgpuStatus> {
  return activate(page, options);
}

/** What `useFastWebgpu` has switched on, and what the device has complained of since; undefined before it was called. */
export function fastWebgpuStatus(): FastWebgpuStatus | undefined {
  return activeStatus();
}
