import type { Work } from '../work/work.js';
import type { Measurement } from './measure.js';
import type { Team } from './team.js';

/** All that a run has found. */
export interface Outcome {
  readonly results: ReadonlyArray<{ readonly work: Work; readonly measurement: Measurement }>;
  readonly versions: Team['versions'];
  readonly absent: Team['absent'];
  readonly date: Date;
  readonly repeats: number;
  /** Processors' worth of work that went on in the machine before the first measurement. */
  readonly busyBefore: number;
}
