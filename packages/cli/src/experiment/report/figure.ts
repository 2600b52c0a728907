import type { Drawing } from '../../plots/draw.js';

/** A figure of a report. */
export interface Figure {
  /** Of its file, without extension. */
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly drawing: Drawing;
}
