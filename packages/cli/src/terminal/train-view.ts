import type { TrainEvent } from '@sshn/training';
import { bar, type Terminal } from './terminal.js';
import { formatDuration } from './text.js';

type Of<Kind extends TrainEvent['kind']> = Extract<TrainEvent, { kind: Kind }>;

/** The losses as a line of an epoch calls them. */
const lossNames: Record<Of<'epoch'>['phase'], string> = {
  crossEntropy: 'cross-entropy',
  focal: 'focal loss',
  softDice: 'Dice loss',
  generalizedDice: 'gen. Dice',
  jaccard: 'Jaccard loss',
  tversky: 'Tversky loss',
  focalTversky: 'focal Tversky',
  lovasz: 'Lovász loss',
  boundary: 'boundary loss',
  alignment: 'alignment',
};

const millisecondsBetweenDraws = 100;
const barWidth = 24;
/** Of the line of an epoch, in a log too: what people paste and print has room for as many. */
const widest = 100;

/** Shows a training run: a line per epoch that stays and, on a terminal, a live line below. */
export class TrainView {
  #start: Of<'start'> | undefined;
  #startedAt = 0;
  #stepsDone = 0;
  #drawnAt = -Infinity;
  #dice = Number.NaN;
  #saysFactors = true;

  constructor(
    readonly terminal: Terminal,
    readonly now: () => number = () => performance.now(),
  ) {}

  /** Shows an event of the trainer; give it as `onEvent`. */
  readonly show = (event: TrainEvent): void => {
    if (event.kind === 'start') this.#begin(event);
    else if (event.kind === 'warning')
      this.terminal.line(`${this.terminal.style('yellow', 'note')}  ${event.message}`);
    else if (event.kind === 'align')
      this.terminal.live(`aligning images  ${event.done}/${event.total}  ${event.id}`);
    else if (event.kind === 'front')
      this.terminal.live(`measuring smaller widths and resolutions  ${event.done}/${event.total}`);
    else if (event.kind === 'step') this.#step(event);
    else if (event.kind === 'epoch') this.#epoch(event);
    else this.terminal.clear();
  };

  #begin(event: Of<'start'>): void {
    this.#start = event;
    this.#startedAt = this.now();
    this.#stepsDone = 0;
    const { trained, network } = event.parameters;
    const numbers = `${trained.toLocaleString('en')} trained, ${network.toLocaleString('en')} in the network they make`;
    this.terminal.line(`parameters  ${trained === network ? trained.toLocaleString('en') : numbers}`);
    const { steps, warmUpSteps, highest, last } = event.schedule;
    this.terminal.line(
      `learning rate  ${steps} steps: ${warmUpSteps === 0 ? 'from' : `up for ${warmUpSteps} to`} ${highest.toPrecision(3)}, at the end ${last.toPrecision(3)}`,
    );
    if (event.patches !== undefined) {
      const { size, perImage } = event.patches;
      this.terminal.line(
        `patches     ${size.join('×')}, ${perImage} of each image an epoch; Dice is of whole images, in windows of that size`,
      );
    }
    if (event.firstEpoch > 0)
      this.terminal.line(`resuming after epoch ${event.firstEpoch} of ${event.epochs}`);
  }

  #step(event: Of<'step'>): void {
    this.#stepsDone++;
    const now = this.now();
    if (!this.terminal.isLive || now - this.#drawnAt < millisecondsBetweenDraws) return;
    this.#drawnAt = now;
    const { epochs, stepsPerEpoch } = this.#start!;
    const stepsLeft = (epochs - event.epoch) * stepsPerEpoch - event.step - 1;
    const secondsLeft = ((now - this.#startedAt) / 1000 / this.#stepsDone) * stepsLeft;
    const share = 1 - stepsLeft / (epochs * stepsPerEpoch);
    const facts = [
      `loss ${event.loss.toFixed(4)}`,
      ...(Number.isNaN(this.#dice) ? [] : [`Dice ${this.#dice.toFixed(3)}`]),
      this.#speed(event),
      ...waitingText(event),
      `${formatDuration(secondsLeft)} left`,
    ];
    const { terminal } = this;
    const room = terminal.columns >= 110 ? `${terminal.style('cyan', bar(share, barWidth))} ` : '';
    terminal.live(`epoch ${event.epoch + 1}/${epochs}  ${room}${percent(share)}  ${facts.join('  ')}`);
  }

  #speed({ imagesPerSecond }: Of<'step' | 'epoch'>): string {
    return `${imagesPerSecond.toFixed(1)} ${this.#start?.patches === undefined ? 'images' : 'patches'}/s`;
  }

  #epoch(event: Of<'epoch'>): void {
    const { terminal } = this;
    const { validation } = event;
    if (validation !== undefined) this.#dice = mean(validation.map(({ dice }) => dice));
    if (validation !== undefined && this.#saysFactors) {
      terminal.line(`validated at  φ ${validation.map(({ factor }) => factor).join(', ')}`);
      this.#saysFactors = false;
    }
    const digits = String(event.epochs).length;
    const dice = shownDice(this.#dice);
    const left = event.epoch + 1 < event.epochs ? [`${formatDuration(event.secondsLeft)} left`] : [];
    const speed = [this.#speed(event)];
    const waiting = waitingText(event);
    const line = (facts: readonly string[], more: readonly string[]) => [
      `epoch ${String(event.epoch + 1).padStart(digits)}/${event.epochs}`,
      lossNames[event.phase].padEnd(13),
      `loss ${event.loss.toFixed(4)}`,
      ...(validation === undefined ? [] : facts),
      ...more,
      ...(event.isBest ? ['best'] : []),
    ];
    // The fullest line that does not wrap.
    const short = validation?.map((one) => shownDice(one.dice)).join(', ') ?? '';
    const lines = [
      line([`Dice ${dice} (${short})`], [...speed, ...waiting, ...left]),
      line([`Dice ${dice} (${short})`], [...waiting, ...left]),
      line([`Dice ${dice}`], [...waiting, ...left]),
      line([`Dice ${dice} (${short})`], left),
      line([`Dice ${dice}`], left),
      line([`Dice ${dice}`], []),
    ].map((words) => words.join('  '));
    const shown = lines.find((one) => one.length <= Math.min(widest, terminal.columns)) ?? lines.at(-1)!;
    terminal.line(shown.replace(/best$/, terminal.style('green', 'best')));
    this.#drawnAt = -Infinity;
  }
}

/** Where steps wait for images for a tenth of the time or more: how much. */
function waitingText({ waitingShare = 0 }: { readonly waitingShare?: number }): string[] {
  return waitingShare < 0.1 ? [] : [`${Math.round(100 * waitingShare)} % waiting for data`];
}

/** A dash where no image has the label. */
function shownDice(dice: number): string {
  return Number.isNaN(dice) ? '–' : dice.toFixed(3);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${String(Math.floor(share * 100)).padStart(3)} %`;
}
