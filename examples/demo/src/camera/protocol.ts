/** To the camera: film this scene at this pace, or stop. */
export type ToCamera = { readonly scene: number; readonly framesPerSecond: number } | { readonly stop: true };

/** From the camera: grey values in [0, 1], row by row, and when they were taken. */
export interface CameraFrame {
  readonly values: Float32Array;
  readonly seconds: number;
}
