import { OptionError, ValueError } from '@sshn/core';
import { checkGrid, type Grid, spacingOf } from '../../distance-transform/grid.js';
import type { ScoreOptions } from '../summary/label-scores.js';

/** What a metric of surfaces needs to know: besides labels, where voxels lie. */
export interface SurfaceOptions extends ScoreOptions, Grid {
  /** How many labels there are, the background included. */
  readonly labels: number;
}

/** What a distance is where one of prediction and truth lacks the label. */
export interface DistanceOptions extends SurfaceOptions {
  /**
   * For a label that one of prediction and truth lacks: `'infinity'`; `'diagonal'`, that of the grid,
   * `√Σ (length · spacing)²`; or a number of mm ≥ 0. Whichever it is, `oneEmptyLabels` names the label.
   * @default 'infinity'
   */
  readonly oneEmpty?: 'infinity' | 'diagonal' | number;
}

/** Which way distances are measured. */
export type Direction = (typeof directions)[number];
export const directions = ['both', 'predictedToTruth', 'truthToPredicted'] as const;

/** The number of mm that `oneEmpty` stands for. @throws {OptionError | ValueError} if it stands for none. */
export function oneEmptyDistance(where: string, { oneEmpty = 'infinity', ...grid }: DistanceOptions): number {
  checkGrid(where, grid);
  if (oneEmpty === 'infinity') return Infinity;
  if (oneEmpty === 'diagonal') {
    const spacing = spacingOf(grid);
    return Math.hypot(...grid.shape.map((length, axis) => length * spacing[axis]!));
  }
  if (typeof oneEmpty === 'string') throw new OptionError('oneEmpty', oneEmpty, ['infinity', 'diagonal']);
  if (oneEmpty >= 0) return oneEmpty;
  throw new ValueError({
    where: `${where}: oneEmpty`,
    got: oneEmpty,
    expected: 'a number of mm of at least 0',
  });
}
