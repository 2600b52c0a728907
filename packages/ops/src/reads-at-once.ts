import { getBackend } from '@tensorflow/tfjs-core';

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
