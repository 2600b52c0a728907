/** From the page: segment this picture. The bitmap is handed over, not copied: the page cannot use it any more. */
export interface Request {
  readonly id: number;
  readonly bitmap: ImageBitmap;
  readonly factor: number;
}

/** What became of a picture. */
export interface Segmentation {
  readonly factor: number;
  readonly height: number;
  readonly width: number;
  /** One label for each pixel, row by row; its memory is handed over as well. */
  readonly labels: Uint8Array<ArrayBuffer>;
  /** In the Worker. */
  readonly milliseconds: number;
}

/** From the Worker. */
export type Reply =
  | { readonly kind: 'ready'; readonly labelNames: readonly string[]; readonly backend: string }
  | { readonly kind: 'segmented'; readonly id: number; readonly segmentation: Segmentation }
  | { readonly kind: 'failed'; readonly id: number | undefined; readonly message: string };
