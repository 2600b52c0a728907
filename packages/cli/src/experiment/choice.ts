import type { Cell, Plan } from './plan.js';
import { type DoneCell, groupName } from './statistics.js';

/** What was chosen for one kind of training. */
export interface Choice {
  readonly name: string;
  /** Every value that was tried, as JSON, and the mean Dice on validation images that it reached. */
  readonly tried: ReadonlyArray<{ readonly value: string; readonly dice: number }>;
  readonly chosen: string;
}

/** Cells that reports show, and why these. */
interface Chosen {
  /** Without the key that was chosen by. */
  readonly cells: readonly DoneCell[];
  readonly choices: readonly Choice[];
}

/**
 * For each kind of training the cells with that value of the plan's key `choose` which is best on validation images, in the
 * mean over seeds and factors. Where some values were trained with more seeds or factors than others, those count that all
 * have. Test images have no say.
 */
export function choose({ choose: axis }: Plan, done: readonly DoneCell[]): Chosen {
  if (axis === undefined) return { cells: done, choices: [] };
  const kinds = new Map<string, DoneCell[]>();
  for (const one of done) {
    const name = groupName(one.cell, [axis]);
    kinds.set(name, [...(kinds.get(name) ?? []), one]);
  }
  const choices = [...kinds].flatMap(([name, cells]) => choiceOf(name, cells, axis));
  const chosenOf = new Map(choices.map(({ name, chosen }) => [name, chosen]));
  const isChosen = ({ cell }: DoneCell) =>
    cell.axes[axis] === undefined || asJson(cell, axis) === chosenOf.get(groupName(cell, [axis]));
  return { cells: done.filter(isChosen).map((one) => without(one, axis)), choices };
}

/** The choice of one kind of training; none if the key is not in its grid. */
function choiceOf(name: string, cells: readonly DoneCell[], axis: string): Choice[] {
  const having = cells.filter(({ cell }) => cell.axes[axis] !== undefined);
  if (having.length === 0) return [];
  const values = [...new Set(having.map(({ cell }) => asJson(cell, axis)))];
  const of = (value: string) => having.filter(({ cell }) => asJson(cell, axis) === value);
  const place = ({ cell }: DoneCell) => `${cell.full.seed}/${cell.axes.factor}`;
  const places = values.map((value) => new Set(of(value).map(place)));
  const shared = (one: DoneCell) => places.every((each) => each.has(place(one)));
  const isFair = having.some(shared);
  const tried = values.map((value) => ({
    value,
    dice: meanDice(of(value).filter((one) => !isFair || shared(one))),
  }));
  // A training that ended in NaN, or was never validated, is not chosen while there is another.
  const rank = ({ dice }: { readonly dice: number }) => (Number.isNaN(dice) ? -1 : dice);
  const best = tried.reduce((a, b) => (rank(b) > rank(a) ? b : a));
  return [{ name, tried, chosen: best.value }];
}

function asJson({ axes }: Cell, axis: string): string {
  return JSON.stringify(axes[axis]);
}

function meanDice(cells: readonly DoneCell[]): number {
  const all = cells.map(({ found }) => found.validationDice ?? Number.NaN);
  return all.reduce((sum, dice) => sum + dice, 0) / all.length;
}

function without({ cell, found }: DoneCell, axis: string): DoneCell {
  const { [axis]: _, ...axes } = cell.axes;
  return { cell: { ...cell, axes }, found };
}
