import type { ModelSummary, SegmentedFrame } from '../../worker/protocol.js';
import { canvas, element } from '../element.js';
import { legendOf } from '../legend.js';
import { millisecondsText } from '../numbers.js';
import { colorOf, drawRaster, greyRaster, type LabelStyle, overlayOf } from '../paint.js';
import { Pace } from './pace.js';
import { type RatePoint, type RateState, typicalMilliseconds } from './rate-controller.js';
import { RateHistory } from './rate-history.js';
import { verdictOf } from './verdict.js';

/** What a frame told. */
export interface FrameNews {
  readonly milliseconds: number;
  /** Mean over held-out frames at this φ. */
  readonly dice: number | undefined;
  readonly state: RateState;
  readonly front: readonly RatePoint[];
  readonly size: readonly number[];
}

/** Milliseconds between two changes of the numbers: more often nobody can read. */
const numbersEvery = 400;

/** Draws every frame, and now and then its numbers. */
export class StreamView {
  private readonly history = new RateHistory(element<SVGSVGElement>('stream-history'));
  private readonly filmed = new Pace();
  private readonly shown = new Pace();
  private styles: readonly LabelStyle[] = [];
  private framesPerSecond = 0;
  private numbersAt = 0;

  showLegend(labels: ModelSummary['labels']): void {
    this.styles = labels.map(({ color }, index) => ({ color: colorOf(index, color), isShown: true }));
    element('stream-legend').replaceChildren(...legendOf(labels));
  }

  begin(framesPerSecond: number): void {
    this.framesPerSecond = framesPerSecond;
    this.filmed.clear();
    this.shown.clear();
    this.history.clear();
    this.numbersAt = performance.now();
    element('stream-empty').hidden = true;
  }

  /** The camera gave a frame, whether or not it will be segmented. */
  countCamera(): void {
    this.filmed.count();
  }

  /** One sentence, read out when it changes. */
  tell(words: string): void {
    const verdict = element('stream-verdict');
    if (verdict.textContent !== words) verdict.textContent = words;
  }

  show({ values, labels, at }: SegmentedFrame, news: FrameNews): void {
    const size = news.size as [number, number];
    const context = canvas('stream-picture').getContext('2d')!;
    drawRaster(context, greyRaster(values, size));
    drawRaster(context, overlayOf(labels, size, this.styles, 0.5));
    this.shown.count();
    const factor = [at.factor].flat()[0]!;
    this.history.add({ factor, milliseconds: news.milliseconds });
    const now = performance.now();
    if (now - this.numbersAt < numbersEvery) return;
    this.numbersAt = now;
    this.showNumbers(factor, news);
  }

  private showNumbers(factor: number, { dice, state, front }: FrameNews): void {
    const typical = typicalMilliseconds(state);
    element('stream-factor').textContent = factor.toFixed(2);
    element('stream-fps').textContent = `${this.shown.perSecond.toFixed(1)} of ${this.framesPerSecond}`;
    if (typical !== undefined) element('stream-milliseconds').textContent = millisecondsText(typical);
    element('stream-dice').textContent = dice === undefined ? 'unknown' : dice.toFixed(3);
    const share = 1 - this.shown.perSecond / Math.max(this.filmed.perSecond, this.shown.perSecond, 1e-9);
    element('stream-dropped').textContent = `${Math.round(100 * share)} %`;
    this.history.draw(1000 / this.framesPerSecond, front);
    const rates = {
      wanted: this.framesPerSecond,
      filmed: this.filmed.perSecond,
      shown: this.shown.perSecond,
    };
    this.tell(verdictOf(state, front, rates));
  }
}
