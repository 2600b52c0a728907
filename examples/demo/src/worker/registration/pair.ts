import { dispose, type Tensor } from '@tensorflow/tfjs-core';

/** Two images to register, on one grid. */
export interface RegistrationPair {
  /** Grey, in [0, 1]: `[1, height, width, 1]`. */
  readonly moving: Tensor;
  readonly fixed: Tensor;
  /** Of generated pairs: what is where, int32 `[1, height, width]`. */
  readonly labels: { readonly moving: Tensor; readonly fixed: Tensor; readonly count: number } | undefined;
  /** The moving image on the grid of the result: that of the fixed file. The very tensor `moving` where grids are one. */
  readonly whole: Tensor;
  /** What was done to the images, for people. */
  readonly note: string;
}

/** Frees the tensors of a pair. */
export function disposePair({ moving, fixed, labels, whole }: RegistrationPair): void {
  dispose([moving, fixed, ...(labels === undefined ? [] : [labels.moving, labels.fixed])]);
  if (!whole.isDisposed) whole.dispose();
}
