import { shape, text } from '../svg.js';
import type { RatePoint } from './rate-controller.js';

/** One frame of the past. */
export interface PastFrame {
  readonly factor: number;
  readonly milliseconds: number;
}

/** Frames that are drawn. */
const most = 180;
const width = 360;
const left = 46;
/** Where the two strips lie, top and bottom. */
const times = { top: 10, bottom: 105 };
const factors = { top: 130, bottom: 195 };

/** Draws what the last frames took, and with which φ. */
export class RateHistory {
  private frames: PastFrame[] = [];

  constructor(private readonly svg: SVGSVGElement) {
    svg.setAttribute('viewBox', `0 0 ${width} 205`);
  }

  add(frame: PastFrame): void {
    this.frames.push(frame);
    if (this.frames.length > most) this.frames.shift();
  }

  clear(): void {
    this.frames = [];
  }

  /** @param allowed Milliseconds that a frame may take. */
  draw(allowed: number, points: readonly RatePoint[]): void {
    const highest = 2 * allowed;
    const largest = Math.max(...points.map(({ at }) => [at.factor].flat()[0]!)) || 1;
    const time = (value: number) => place(Math.min(1, value / highest), times);
    const factor = (value: number) => place(value / largest, factors);
    const step = (width - left - 8) / (most - 1);
    const x = (index: number) => left + (most - this.frames.length + index) * step;
    const line = (name: string, y: (frame: PastFrame) => number) =>
      shape('polyline', {
        class: name,
        points: this.frames.map((frame, i) => `${x(i).toFixed(1)},${y(frame).toFixed(1)}`).join(' '),
      });
    const rule = (y: number, name: string) =>
      shape('line', { x1: left, x2: width - 8, y1: y, y2: y, class: name });
    this.svg.replaceChildren(
      rule(time(0), 'grid'),
      rule(time(allowed), 'allowed'),
      text(left - 5, time(allowed) + 4, `${allowed.toFixed(0)} ms`, 'end'),
      text(left - 5, time(0) + 4, '0', 'end'),
      line('line', ({ milliseconds }) => time(milliseconds)),
      rule(factor(0), 'grid'),
      rule(factor(largest), 'grid'),
      text(left - 5, factor(largest) + 4, `φ ${largest}`, 'end'),
      text(left - 5, factor(0) + 4, '0', 'end'),
      line('line chosen', (frame) => factor(frame.factor)),
    );
    const last = this.frames.at(-1);
    const lateShare =
      this.frames.filter(({ milliseconds }) => milliseconds > allowed).length / this.frames.length;
    this.svg.setAttribute(
      'aria-label',
      last === undefined
        ? 'No frame yet'
        : `${this.frames.length} frames: ${Math.round(100 * lateShare)} % took longer than ${allowed.toFixed(0)} ms; φ is ${last.factor}`,
    );
  }
}

function place(share: number, { top, bottom }: typeof times): number {
  return bottom - share * (bottom - top);
}
