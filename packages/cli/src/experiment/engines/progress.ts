import type { Terminal } from '../../terminal/terminal.js';
import { formatDuration } from '../../terminal/text.js';
import { type CellEnd, type CellState, stateOf } from '../cells.js';
import type { Cell } from '../plan.js';

/** What a process that works on an experiment shows: cells under way, and a line for each that ends. */
export class Progress {
  readonly #running = new Map<string, { readonly cell: Cell; epoch: number }>();
  readonly #began = performance.now();
  #done = 0;
  #failed = 0;
  #trained = 0;

  /** @param total Cells of the experiment. */
  constructor(
    private readonly terminal: Terminal,
    private readonly total: number,
  ) {}

  get failed(): number {
    return this.#failed;
  }

  started(cell: Cell): void {
    this.#running.set(cell.name, { cell, epoch: 0 });
    this.#show();
  }

  epoch({ name }: Cell, epoch: number): void {
    const entry = this.#running.get(name);
    if (entry !== undefined) entry.epoch = epoch;
    this.#show();
  }

  /** @param wasDone Whether there was nothing to do. */
  async ended(cell: Cell, end: CellEnd, wasDone: boolean): Promise<void> {
    this.#running.delete(cell.name);
    if (end === 'done') this.#done++;
    if (end === 'failed') this.#failed++;
    if (end !== 'interrupted' && !wasDone) {
      this.#trained++;
      const state = await stateOf(cell);
      this.terminal.clear();
      this.terminal.line(`${cell.name}  ${sentenceOf(cell, state, end === 'taken')}`);
    }
    this.#show();
  }

  #show(): void {
    const left = this.total - this.#done - this.#failed;
    const seconds = ((performance.now() - this.#began) / 1000 / Math.max(1, this.#trained)) * left;
    const time = this.#trained > 0 ? `, about ${formatDuration(seconds)} left` : '';
    const lines = [...this.#running.values()].map(
      ({ cell, epoch }) => `  ${cell.name}  epoch ${epoch}/${cell.full.epochs}`,
    );
    this.terminal.live([`${this.#done} of ${this.total} done${time}`, ...lines].join('\n'));
  }
}

/** Where a cell stands, in a few words. */
export function sentenceOf({ full }: Cell, state: CellState, isTaken = false): string {
  if (state.kind === 'failed') return `failed: ${state.message}`;
  if (isTaken) return 'is worked on by another process';
  if (state.kind === 'done') {
    const [first] = state.results.results;
    const own = state.results.results.filter(
      (row) => row.split === first?.split && row.weightsOf === undefined,
    );
    return `Dice ${own.map(({ factor, dice }) => `φ ${factor}: ${dice.toFixed(3)}`).join(', ')}`;
  }
  if (!('epoch' in state)) return state.kind;
  const { kind, epoch, secondsLeft } = state;
  const left = secondsLeft ? `, about ${formatDuration(secondsLeft)} left` : '';
  return `${kind}, epoch ${epoch} of ${full.epochs}${left}`;
}
