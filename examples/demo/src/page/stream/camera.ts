import type { CameraFrame, ToCamera } from '../../camera/protocol.js';

/** The camera's Worker. It is started with its first frame. */
export class Camera {
  private worker: Worker | undefined;

  constructor(private readonly onFrame: (frame: CameraFrame) => void) {}

  film(scene: number, framesPerSecond: number): void {
    this.worker ??= this.opened();
    this.worker.postMessage({ scene, framesPerSecond } satisfies ToCamera);
  }

  stop(): void {
    this.worker?.postMessage({ stop: true } satisfies ToCamera);
  }

  private opened(): Worker {
    const worker = new Worker(new URL('../../camera/camera.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<CameraFrame>) => this.onFrame(data);
    return worker;
  }
}
