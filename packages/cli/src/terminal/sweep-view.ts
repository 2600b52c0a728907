import type { Factor } from '@sshn/core';
import { settingText } from '@sshn/model';
import type { FactorResult } from '@sshn/training';
import { movesKnobs } from '../pareto/curve.js';
import { bar, type Terminal } from './terminal.js';
import { costText, diceText, factorText, formatDuration, textTable } from './text.js';

const barWidth = 24;

/** Shows how far an evaluation over settings is: a live line on a terminal, else a line per setting. */
export class SweepView {
  readonly #startedAt: number;
  #evaluated = 0;

  /** @param known How many of the `total` settings are known already. @param what They are called. */
  constructor(
    readonly terminal: Terminal,
    readonly total: number,
    private known: number,
    readonly now: () => number = () => performance.now(),
    what: 'factors' | 'settings' = 'factors',
  ) {
    this.#startedAt = now();
    if (known > 0) terminal.line(`${known} of ${total} ${what} were evaluated before and are kept`);
    this.#draw('');
  }

  /** Takes in that more of them are known already. */
  skip(count: number): void {
    this.known += count;
    this.terminal.line(`${count} settings were evaluated before and are kept`);
  }

  /** Takes in the result of one more setting. */
  show({ dice, gflops, ...place }: FactorResult<Factor>): void {
    this.#evaluated++;
    const facts = `φ ${settingText(place)}: Dice ${diceText(dice)}, ${costText(gflops)} GFLOPs`;
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

/** More labels than these make no table that fits a terminal; `results.json` has all. */
const mostLabels = 8;

/** Results as a text table: one row per setting, one column per label unless there are many. */
export function resultsTable(results: ReadonlyArray<FactorResult<Factor>>): string {
  const all = Object.keys(results[0]?.diceByLabel ?? {});
  const labels = all.length > mostLabels ? [] : all;
  const isRegistration = results[0]?.foldedPercent !== undefined;
  const withKnobs = movesKnobs(results);
  const unit = results[0]?.surface?.unit;
  return textTable(
    [
      'φ',
      ...(withKnobs ? ['width', 'resolution'] : []),
      ...(isRegistration ? ['Dice before'] : []),
      'Dice',
      ...labels,
      ...surfaceNames(unit),
      ...(isRegistration ? ['folded %'] : []),
      'GFLOPs',
      'ms (quartiles)',
      'undefined',
    ],
    results.map(
      ({
        factor,
        width = 1,
        resolution = 1,
        dice,
        diceByLabel,
        surface,
        gflops,
        milliseconds,
        undefinedCases,
        ...aligned
      }) => [
        factorText(factor),
        ...(withKnobs ? [String(width), String(resolution)] : []),
        ...(isRegistration ? [diceText(aligned.diceBefore)] : []),
        diceText(dice),
        ...labels.map((label) => diceText(diceByLabel[label])),
        ...(surface === undefined
          ? []
          : [surface.hausdorff95, surface.averageDistance, surface.surfaceDice].map((value) =>
              value.toFixed(2),
            )),
        ...(isRegistration ? [(aligned.foldedPercent ?? 0).toFixed(3)] : []),
        costText(gflops),
        timeText({ milliseconds, ...aligned }),
        String(undefinedCases),
      ],
    ),
  );
}

/** A median with the quartiles around it: '12.1 (11.9–12.6)'. */
export function timeText({
  milliseconds,
  millisecondsQuartiles: quartiles,
}: Pick<FactorResult<Factor>, 'milliseconds' | 'millisecondsQuartiles'>): string {
  const median = costText(milliseconds);
  return quartiles === undefined ? median : `${median} (${quartiles.map(costText).join('–')})`;
}

function surfaceNames(unit: 'mm' | 'pixels' | undefined): string[] {
  return unit === undefined ? [] : [`HD95 ${unit}`, `ASSD ${unit}`, 'surface Dice'];
}
