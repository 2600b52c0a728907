import { activate, activeStatus } from './start/activate.js';
import { type FastWebgpuOptions, type FastWebgpuStatus, page } from './start/surroundings.js';

export { WebgpuDeviceLostError, WebgpuUnavailableError } from './errors.js';
export type { FastWebgpuOptions, FastWebgpuStatus } from './start/surroundings.js';

/**
 * Makes webgpu the current tfjs backend, and its results right: stock kernels that fail are repaired (`repairKernels` of
 * `@sshn/ops`). In Node, where there is no `navigator.gpu`, it starts Dawn from the package `webgpu`.
 *
 * May be called again. A webgpu backend that something else had started is replaced, and its tensors are gone. Read
 * tensors with `await x.data()`: a device does not answer at once, and `dataSync` loses or refuses it.
 *
 * A device that is lost later ends what waits and what comes in a `WebgpuDeviceLostError`; a further call starts another.
 *
 * @returns what `fastWebgpuStatus` returns from now on.
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
