import type { Registered, RegistrationFigures } from '@sshn/predict';
import type { AffineKind, AffineMatrix, RefineStep, RegistrationObjective } from '@sshn/registration';
import { bytesText, formatDuration } from '../terminal/text.js';

/** What to say of an image that covers less than half of a grid; nothing if it covers more. */
export function coverageWarning(path: string, coverage: number, of: string): string | undefined {
  if (coverage >= 0.5) return undefined;
  const share = coverage < 0.001 ? 'less than 0.1' : (100 * coverage).toFixed(1);
  return `warning: ${path} covers ${share} % of the grid ${of}; the rest of the result is 0`;
}

/** How well an affine alignment went, in one line. */
export function alignmentText(
  kind: AffineKind,
  { lossBefore, lossAfter }: NonNullable<Registered['alignment']>,
): string {
  return `${kind.padEnd(10)} loss ${lossBefore.toPrecision(4)} before, ${lossAfter.toPrecision(4)} after`;
}

/** A 4×4 matrix as text, a row per line. */
export function matrixText(matrix: AffineMatrix): string {
  return [...matrix, [0, 0, 0, 1]]
    .map((row) => `${row.map((entry) => entry.toPrecision(12)).join(' ')}\n`)
    .join('');
}

/** How well a registration went, a line for each figure. */
export function figuresText(
  { similarity }: RegistrationObjective,
  { unlikeBefore, unlikeAfter, foldedPercent, longestMm }: RegistrationFigures,
  unit: string,
  milliseconds: number,
): string {
  return [
    `${similarity} loss   ${unlikeBefore.toPrecision(4)} before, ${unlikeAfter.toPrecision(4)} after`,
    `folded          ${foldedPercent.toFixed(3)} % of the voxels`,
    `displacement    ${longestMm.toFixed(2)} ${unit} at most`,
    `took            ${(milliseconds / 1000).toFixed(1)} s, ${bytesText(process.memoryUsage.rss())} of memory`,
  ].join('\n');
}

/** A refinement under way, in one line: 'level 1/3  step 12/90  loss 0.0123  4 s left'. */
export function refineText({ step, steps, level, levels, loss }: RefineStep, milliseconds: number): string {
  const words = [
    ...(levels === 1 ? [] : [`level ${level + 1}/${levels}`]),
    `step ${step}/${steps}`,
    `loss ${loss.toPrecision(4)}`,
    // Steps of finer levels take longer: nothing is promised before the last one.
    ...(level === levels - 1
      ? [`${formatDuration(((steps - step) * milliseconds) / step / 1000)} left`]
      : []),
  ];
  return words.join('  ');
}
