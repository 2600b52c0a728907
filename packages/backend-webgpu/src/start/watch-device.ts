import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { WebgpuDeviceLostError } from '../errors.js';
import type { Device } from './gpu.js';

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
        // A read may fail before the loss is told: then that is still the reason.
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
