import { crossEntropyWeightOf, regionLosses } from '../config/loss.js';
import type { RunConfig } from '../config/run-config.js';
import type { EpochEvent, ValidatedFactor } from './events.js';

/** Folded voxels in percent above which a field is doubtful. */
const manyFolds = 3;
/** How far rounding may take a loss or a Dice beyond its bounds. */
const slack = 1e-3;

/** Similarities that are never below 0. */
const atLeast0: readonly string[] = ['mse', 'localNcc', 'globalNcc', 'gradientDifference'];

/** What there is to know before the first step: nothing to score, or a learning rate that hardly rises. */
export function warningsBefore(
  { optimizer }: RunConfig,
  { steps, hasLabels }: { readonly steps: number; readonly hasLabels: boolean },
): string[] {
  const { warmUpSteps = 0 } = optimizer;
  const warnings: string[] = [];
  if (!hasLabels) {
    warnings.push(
      'No validation image has a label, so there is no Dice: the loss on validation images says which model is best. Give more images, or another split, to have it scored.',
    );
  }
  if (warmUpSteps > steps / 2) {
    const end = warmUpSteps >= steps ? ' and never reaches its peak' : '';
    warnings.push(
      `The learning rate rises for ${warmUpSteps} of ${steps} steps${end}: leave optimizer.warmUpSteps out, or train for more epochs.`,
    );
  }
  return warnings;
}

/** What an epoch shows to be wrong, by a word for each kind, so that none need be said twice. */
export function warningsOf(config: RunConfig, event: EpochEvent): Map<string, string> {
  const warnings = new Map<string, string>();
  const [low, high] = boundsOf(config, event.phase);
  if (event.loss < low - slack || event.loss > high + slack) {
    warnings.set(
      'loss',
      `The loss of epoch ${event.epoch + 1} is ${event.loss.toPrecision(4)}, and cannot leave [${low}, ${high}]: intensities are too large for exact arithmetic. Normalize them, for example with intensity percentile:1,99.`,
    );
  }
  const scored = event.validation ?? [];
  const worse = scored.find(({ dice, diceBefore }) => diceBefore !== undefined && dice < diceBefore - 0.01);
  if (worse !== undefined) {
    warnings.set(
      'dice',
      `After epoch ${event.epoch + 1} labels fit worse than before registration at factor ${factorText(worse)}: Dice ${worse.dice.toFixed(3)} instead of ${worse.diceBefore!.toFixed(3)}. Look at the intensities, align the images first, raise registration.weight, or lower optimizer.learningRate.`,
    );
  }
  const missed = missedAtAll(scored);
  if (missed.length > 0 && isLate(config, event)) {
    warnings.set(
      'missed',
      `After epoch ${event.epoch + 1} nothing of ${listed(missed)} is found in any validation image. ${event.phase} alone hardly brings back a label that is predicted nowhere: set loss.crossEntropyWeight to 1, which keeps cross-entropy to the end, or raise crossEntropyShare.`,
    );
  }
  const folded = scored.find(({ foldedPercent = 0 }) => foldedPercent > manyFolds);
  if (folded !== undefined) {
    warnings.set(
      'folds',
      `After epoch ${event.epoch + 1} ${folded.foldedPercent!.toFixed(1)} % of the voxels are folded at factor ${factorText(folded)}. Give registration.integrationSteps (7 is usual), raise registration.weight, or set registration.foldingWeight.`,
    );
  }
  return warnings;
}

/** What Dice on validation images must have gained in the last third of the epochs to be called rising. */
const risingBy = 0.003;

/**
 * What more epochs would bring, where Dice on validation images still rose: a network that sees many factors converges later than one
 * for one factor, and overfits later.
 *
 * @param epochs Of a run that has ended, in order.
 * @returns A sentence; undefined where Dice gained less, was at its best before the last fifth of the epochs, or too little is known.
 */
export function moreEpochs(epochs: readonly EpochEvent[]): string | undefined {
  const validated = epochs
    .map(({ epoch, epochs: planned, validation = [] }) => ({
      after: epoch + 1,
      share: (epoch + 1) / planned,
      // A log has null for a Dice that is not a number.
      dice: validation.reduce((sum, { dice }) => sum + (dice ?? Number.NaN), 0) / validation.length,
    }))
    .filter(({ dice }) => Number.isFinite(dice));
  const before = validated.filter(({ share }) => share <= 2 / 3);
  const best = (all: typeof validated) => all.reduce((a, b) => (b.dice > a.dice ? b : a));
  if (before.length < 2 || before.length === validated.length) return undefined;
  const [earlier, last] = [best(before), best(validated)];
  if (last.share < 0.8 || last.dice < earlier.dice + risingBy) return undefined;
  const planned = epochs.at(-1)!.epochs;
  return `Dice on validation images still rose: at best ${earlier.dice.toFixed(3)} in the first ${before.at(-1)!.after} epochs, ${last.dice.toFixed(3)} after ${last.after}. A longer training may reach more: try ${2 * planned} epochs.`;
}

/** The labels that are missed at every factor. */
function missedAtAll(scored: readonly ValidatedFactor[]): readonly string[] {
  return (scored[0]?.missed ?? []).filter((name) => scored.every(({ missed }) => missed?.includes(name)));
}

/** Whether a loss of regions, which has hardly a gradient where a label is predicted nowhere, has had half of its epochs. */
function isLate({ loss, crossEntropyShare }: RunConfig, { phase, epoch, epochs }: EpochEvent): boolean {
  return (
    regionLosses.includes(phase) &&
    crossEntropyWeightOf(loss) === 0 &&
    (epoch + 1) / epochs >= (1 + crossEntropyShare) / 2
  );
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => `'${name}'`);
  return names.length > 5 ? `${shown.join(', ')} and ${names.length - 5} more` : shown.join(', ');
}

function boundsOf({ task, loss, registration }: RunConfig, phase: string): [low: number, high: number] {
  if (task === 'registration') {
    return [
      atLeast0.includes(registration.similarity) ? 0 : Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ];
  }
  if (phase === 'boundary') return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const isBounded = regionLosses.includes(phase) && crossEntropyWeightOf(loss) === 0;
  return [0, isBounded ? deepBound : Number.POSITIVE_INFINITY];
}

/** Predictions at further resolutions add halves, quarters, … of their losses. */
const deepBound = 2;

function factorText({ factor }: ValidatedFactor): string {
  return [factor].flat().join(', ');
}
