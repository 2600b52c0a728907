// A camera in a Worker: frames of generated ultrasound at an even pace, whoever looks at them.
import { Rng } from '@sshn/core';
import { frameSize, type UltrasoundScene, ultrasoundScene } from '@sshn/zoo';
import type { CameraFrame, ToCamera } from './protocol.js';

/** Not that of the packaged model's training frames. */
const seed = 7;

let timer: ReturnType<typeof setInterval> | undefined;

self.onmessage = ({ data }: MessageEvent<ToCamera>) => {
  clearInterval(timer);
  if ('stop' in data) return;
  const scene = ultrasoundScene(Rng.fromSeed(seed).split('stream').split(data.scene), frameSize);
  const began = performance.now();
  timer = setInterval(() => send(scene, (performance.now() - began) / 1000), 1000 / data.framesPerSecond);
};

function send(scene: UltrasoundScene, seconds: number): void {
  const { values } = scene.frame(seconds).image;
  postMessage({ values, seconds } satisfies CameraFrame, { transfer: [values.buffer] });
}
