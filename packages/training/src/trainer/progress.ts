import type { RngState } from '@sshn/core';

/** Where a run stands: with the weights and the optimizer's state, all it takes to go on exactly. JSON. */
export interface Progress {
  /** Updates made so far. */
  readonly step: number;
  /** The epoch under way, from 0. */
  readonly epoch: number;
  /** Batches of it that are done. */
  readonly batch: number;
  /** Sum of the losses of those batches. */
  readonly lossSum: number;
  /** The generator that draws the rescaling factors. */
  readonly generator: RngState;
  /** The best mean Dice on validation images so far, and its epoch. */
  readonly best: { readonly dice: number; readonly epoch: number } | null;
  /** Validations of the Dice phase since then. */
  readonly validationsWithoutProgress: number;
}
