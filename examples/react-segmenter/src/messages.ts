/** An image as a canvas holds it. */
export interface Pixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** What the Worker found. */
export interface Segmentation {
  readonly factor: number;
  readonly height: number;
  readonly width: number;
  /** One label for each pixel, row by row. */
  readonly labels: Uint8Array<ArrayBuffer>;
  readonly labelNames: readonly string[];
  /** In the Worker. */
  readonly milliseconds: number;
}

/** To the Worker: first the model, then images, each of which may be called off again. */
export type ToWorker =
  | { readonly kind: 'load'; readonly model: string }
  | { readonly kind: 'segment'; readonly id: number; readonly image: Pixels; readonly factor: number }
  | { readonly kind: 'abort'; readonly id: number };

/** From it. */
export type FromWorker =
  | { readonly kind: 'segmented'; readonly id: number; readonly segmentation: Segmentation }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
