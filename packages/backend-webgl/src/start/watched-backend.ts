import { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { BackendValues, DataId } from '@tensorflow/tfjs-core';
import { WebglContextLostError } from '../errors.js';

type RunProgram = MathBackendWebGL['runWebGLProgram'];

/**
 * tfjs' webgl backend, which notices that its context is lost: what is asked of it from then on, and reads that wait, end
 * in a `WebglContextLostError`. tfjs' own would put out zeros, or wait forever for a GPU that is gone.
 */
export class WatchedBackend extends MathBackendWebGL {
  readonly problems: string[] = [];
  private readonly waiting = new Set<(error: Error) => void>();

  constructor() {
    super();
    this.gpgpu.gl.canvas.addEventListener('webglcontextlost', () => this.lose(), { once: true });
  }

  get isLost(): boolean {
    return this.problems.length > 0;
  }

  override runWebGLProgram(...args: Parameters<RunProgram>): ReturnType<RunProgram> {
    this.requireContext();
    return super.runWebGLProgram(...args);
  }

  override readSync(dataId: DataId): BackendValues {
    this.requireContext();
    return super.readSync(dataId);
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    this.requireContext();
    return new Promise((resolve, reject) => {
      this.waiting.add(reject);
      super
        .read(dataId)
        .then(resolve, reject)
        .finally(() => this.waiting.delete(reject));
    });
  }

  private requireContext(): void {
    if (this.isLost) throw new WebglContextLostError();
  }

  private lose(): void {
    const error = new WebglContextLostError();
    this.problems.push(error.message);
    for (const reject of this.waiting) reject(error);
    this.waiting.clear();
  }
}
