import { activate, activeStatus, type FastWebglOptions, type FastWebglStatus } from './start/activate.js';

export { WebglContextLostError, WebglPrecisionError, WebglUnavailableError } from './errors.js';
export type { FastWebglOptions, FastWebglStatus } from './start/activate.js';

/**
 * Makes webgl the current tfjs backend: with programs of ours for what tfjs composes of many, with stock kernels that fail
 * repaired (`repairKernels` of `@sshn/ops`), and with a test of how precisely the GPU computes.
 *
 * May be called again, also after the context was lost. A webgl backend that something else had started is replaced, and
 * its tensors are gone.
 *
 * @returns what `fastWebglStatus` returns from now on.
 * @throws {WebglUnavailableError} if there is no WebGL, as in Node.
 *
 * @example
 * const { renderer, precision } = await useFastWebgl();
 */
export function useFastWebgl(options: FastWebglOptions = {}): Promise<FastWebglStatus> {
  return activate(options);
}

/** What `useFastWebgl` has switched on, and what happened to it since; undefined before it was called. */
export function fastWebglStatus(): FastWebglStatus | undefined {
  return activeStatus();
}
