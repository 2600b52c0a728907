export { crossEntropy } from './cross-entropy.js';
export { type ConfusionCounts, confusionCounts } from './metrics/confusion-counts.js';
export { type DiceScoreOptions, diceFromCounts, diceScore } from './metrics/dice-score.js';
export { diceScoresOfBatch } from './metrics/dice-scores-of-batch.js';
export type { EmptyPolicy, LabelScores, ScoreOptions } from './metrics/label-scores.js';
export { type LabelSummary, type ScoreSummary, summarizeScores } from './metrics/summarize-scores.js';
export { predictLabels } from './predict-labels.js';
export { type SoftDiceOptions, softDiceLoss } from './soft-dice-loss.js';
