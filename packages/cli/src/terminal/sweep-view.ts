import type { Factor } from '@sshn/core';
import type { FactorResult } from '@sshn/training';
import { formatDuration } from '../text/duration.js';
import { costText, diceText } from '../text/numbers.js';
import { bar } from './bar.js';
import type { Terminal } from './terminal.js';

const barWidth = 24;

/** Shows how far an evaluation over factors is: a live line on a terminal, else a line per factor. */
export class SweepView {
  readonly #startedAt: number;
  #evaluated = 0;

  /** @param known How many of the `total` factors are known already. */
  constructor(
    readonly terminal: Terminal,
    readonly total: number,
    readonly known: number,
    readonly now: () => number = () => performance.now(),
  ) {
    this.#startedAt = now();
    if (known > 0) terminal.line(`${known} of ${total} factors were evaluated before and are kept`);
    this.#draw('');
  }

  /** Takes in the result of one more factor. */
  show({ factor, dice, gflops, milliseconds }: FactorResult<Factor>): void {
    this.#evaluated++;
    const facts = `φ ${typeof factor === 'number' ? factor : factor.join(', ')}: Dice ${diceText(dice)}, ${costText(gflops)} GFLOPs, ${costText(milliseconds)} ms`;
    if (this.terminal.isLive) this.#draw(facts);
    else this.terminal.line(`${this.known + this.#evaluated}/${this.total}  ${facts}`);
  }

  #draw(facts: string): void {
    const { terminal, total, known } = this;
    const done = known + this.#evaluated;
    const seconds = (this.now() - this.#startedAt) / 1000;
    const left =
      this.#evaluated === 0 ? '' : `  ${formatDuration((seconds / this.#evaluated) * (total - done))} left`;
    terminal.live(`${terminal.style('cyan', bar(done / total, barWidth))} ${done}/${total}  ${facts}${left}`);
  }
}
