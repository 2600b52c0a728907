import { type Factor, SshnError } from '@sshn/core';

/** A loss or weight that is no number any more: training has diverged, and says where and what is left. */
export class DivergenceError extends SshnError {
  override readonly name = 'DivergenceError';
  /** What is not finite. */
  readonly what: string;
  readonly step: number;
  readonly factor: Factor;
  /** The last good checkpoint, where one is kept. */
  readonly checkpoint: string | undefined;

  constructor(detail: { what: string; step: number; factor: Factor; checkpoint?: string | undefined }) {
    const { what, step, factor, checkpoint } = detail;
    const left =
      checkpoint === undefined
        ? 'No checkpoint has been written yet.'
        : `The last good checkpoint is ${checkpoint}.`;
    super(
      `Training diverged at step ${step} (factor ${[factor].flat().map(toFour).join(', ')}): ${what}. ${left} ` +
        'Lower optimizer.learningRate, set optimizer.clipNorm, or add optimizer.warmUpSteps.',
    );
    this.what = what;
    this.step = step;
    this.factor = factor;
    this.checkpoint = checkpoint;
  }
}

function toFour(factor: number): string {
  return factor.toFixed(4);
}
