import type { Rng, RngState } from '@sshn/core';

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
  /** The best score of a validation so far, and its epoch: a mean Dice or, without labels to score, minus the loss. */
  readonly best: { readonly dice: number; readonly epoch: number } | null;
  /** Validations after the epochs of cross-entropy since then. */
  readonly validationsWithoutProgress: number;
}

/** Where every run begins. @param root The generator of the run. */
export function start(root: Rng): Progress {
  const generator = root.split('factors').state();
  return { step: 0, epoch: 0, batch: 0, lossSum: 0, generator, best: null, validationsWithoutProgress: 0 };
}

/** After one more step, on a batch that is the `batch`th of its epoch, counted from 1. */
export function afterStep(
  progress: Progress,
  { batch, loss, generator }: { readonly batch: number; readonly loss: number; readonly generator: RngState },
): Progress {
  const { step, lossSum } = progress;
  return { ...progress, step: step + 1, batch, lossSum: lossSum + loss, generator };
}

/**
 * After the last step of an epoch and its validation.
 *
 * @param dice The score of the validation; NaN where the epoch was not validated.
 * @param countsAsStall Whether the run may stop early over validations like this one.
 */
export function afterEpoch(progress: Progress, dice: number, countsAsStall: boolean): Progress {
  const { epoch, best, validationsWithoutProgress } = progress;
  const isBest = isBetter(progress, dice);
  return {
    ...progress,
    epoch: epoch + 1,
    batch: 0,
    lossSum: 0,
    best: isBest ? { dice, epoch } : best,
    validationsWithoutProgress: isBest ? 0 : validationsWithoutProgress + (countsAsStall ? 1 : 0),
  };
}

/** Whether a score is above all before. NaN never is. */
export function isBetter({ best }: Progress, dice: number): boolean {
  return dice > (best?.dice ?? Number.NEGATIVE_INFINITY);
}
