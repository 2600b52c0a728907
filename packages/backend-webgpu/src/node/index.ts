import { activate, activeStatus } from '../start/activate.js';
import type { FastWebgpuOptions, FastWebgpuStatus } from '../start/surroundings.js';
import { dawn } from './dawn.js';

export { WebgpuDeviceLostError, WebgpuUnavailableError } from '../errors.js';
export type { FastWebgpuOptions, FastWebgpuStatus } from '../start/surroundings.js';

/** `useFastWebgpu` of Node, which starts Dawn where there is no `navigator.gpu`; otherwise the same as in pages. */
export function useFastWebgpu(options: FastWebgpuOptions = {}): Promise<FastWebgpuStatus> {
  return activate(dawn, options);
}

/** What `useFastWebgpu` has switched on, and what the device has complained of since; undefined before it was called. */
export function fastWebgpuStatus(): FastWebgpuStatus | undefined {
  return activeStatus();
}
