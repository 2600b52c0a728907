import { pagePalette } from '../../plots/draw.js';
import { framed } from '../../report/frame.js';
import { type Html, html, raw } from '../../report/html.js';
import type { CellState } from '../cells.js';
import { type Choice, choose } from '../choice.js';
import type { Cell, Plan } from '../plan.js';
import { type Comparison, comparisonsOf, type DoneCell, type Group, groupsOf } from '../statistics.js';
import { figuresOf, panelOf, transferredGroups } from './figures.js';
import { type TrainingTime, trainingTimes } from './training-time.js';

/** A cell and where it stands. */
export interface ShownCell {
  readonly cell: Cell;
  readonly state: CellState;
}

/** An experiment as one HTML page that needs nothing else; cells link to their folders beside it. */
export function experimentPage(plan: Plan, cells: readonly ShownCell[], version: string): string {
  const { cells: done, choices } = choose(
    plan,
    cells.flatMap(({ cell, state }) => (state.kind === 'done' ? [{ cell, found: state.results }] : [])),
  );
  const trained = cells.filter(({ state }) => state.kind === 'done').length;
  const groups = groupsOf(done, { split: plan.splits[0]! });
  const title = `${plan.name}: ${trained} of ${cells.length} trainings`;
  const lead = html`${plan.description === undefined ? '' : html`<p>${plan.description}</p>`}<p class="muted">Mean Dice over ${plan.splits[0]!} images.</p>`;
  const main = html`${done.length === 0 ? html`<section><p>No training is done yet.</p></section>` : [figures(plan, done), means(groups), chosen(plan, choices), times(plan, done), comparisons(comparisonsIn(plan, done))]}
${table(cells)}
<p class="muted">sshn ${version}, ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC. Every number comes from the folder that its row names: config.json is what was trained, log.txt what it said, results.json what it found.</p>`;
  return framed({ title, lead, main });
}

function figures(plan: Plan, done: readonly DoneCell[]): Html[] {
  return figuresOf(plan, done, pagePalette).map(
    ({ title, caption, drawing }) => html`<section>
<h2>${title}</h2>
<figure style="max-width:60rem">${raw(drawing.svg)}<figcaption>${caption}</figcaption></figure>
</section>`,
  );
}

/** Every two kinds of training on the same images: of panels within each, and of weights that ran at other factors too. */
export function comparisonsIn(plan: Plan, done: readonly DoneCell[]): Comparison[] {
  const groups = groupsOf(done, { split: plan.splits[0]! });
  const { panels } = plan;
  const names = panels === undefined ? [] : [...new Set(groups.map((group) => panelOf(group, panels)))];
  const sets =
    panels === undefined
      ? [groups]
      : names.map((name) => groups.filter((group) => panelOf(group, panels) === name));
  return [...sets, transferredGroups(plan, done)].flatMap(comparisonsOf);
}

function times(plan: Plan, done: readonly DoneCell[]): Html | string {
  if (!plan.figures.includes('trainingTime')) return '';
  const all = trainingTimes(done);
  const fixed = all.find(({ networks }) => networks > 1);
  const ratio = ({ each }: TrainingTime) => (fixed === undefined ? '' : (each / fixed.each).toFixed(2));
  return html`<section>
<h2>Minutes of training</h2>
<div class="scroll" tabindex="0"><table>
<thead><tr><th>training</th><th>networks</th><th>minutes</th><th>each</th><th>of one of ${fixed?.name ?? '–'}</th></tr></thead>
<tbody>${all.map((one) => {
    const spread = Number.isNaN(one.deviation) ? '' : ` ± ${one.deviation.toFixed(1)}`;
    return html`<tr><td>${one.name}</td><td>${one.networks}</td><td>${one.minutes.toPrecision(3)}${spread}</td><td>${one.each.toPrecision(3)}</td><td>${ratio(one)}</td></tr>`;
  })}</tbody>
</table></div>
</section>`;
}

function means(groups: readonly Group[]): Html {
  const factors = [...new Set(groups.flatMap(({ points }) => points.map(({ factor }) => factor)))].sort(
    (a, b) => a - b,
  );
  const cell = (group: Group, factor: number) => {
    const point = group.points.find((one) => one.factor === factor);
    if (point === undefined) return '';
    const spread = Number.isNaN(point.deviation) ? '' : ` ± ${point.deviation.toFixed(3)}`;
    return `${point.dice.toFixed(3)}${spread}`;
  };
  const seeds = (group: Group) => Math.max(...group.points.map((point) => point.seeds));
  return html`<section>
<h2>Means over seeds</h2>
<div class="scroll" tabindex="0"><table>
<thead><tr><th>training</th><th>seeds</th>${factors.map((factor) => html`<th>φ = ${factor}</th>`)}</tr></thead>
<tbody>${groups.map(
    (group) =>
      html`<tr><td>${group.name}</td><td>${seeds(group)}</td>${factors.map((factor) => html`<td>${cell(group, factor)}</td>`)}</tr>`,
  )}</tbody>
</table></div>
</section>`;
}

/** What was tried, and what of it the rest of the page shows. */
function chosen({ choose: axis = '' }: Plan, choices: readonly Choice[]): Html | string {
  if (choices.length === 0) return '';
  const values = [...new Set(choices.flatMap(({ tried }) => tried.map(({ value }) => value)))];
  const dice = ({ tried, chosen: best }: Choice, value: string) => {
    const text = tried.find((one) => one.value === value)?.dice.toFixed(4) ?? '';
    return value === best ? html`<strong>${text}</strong>` : text;
  };
  return html`<section>
<h2>${axis}: chosen on validation images</h2>
<p>Dice of the best epoch on validation images, mean over seeds and factors. Figures, means and comparisons are of the one in bold; results.csv has all.</p>
<div class="scroll" tabindex="0"><table>
<thead><tr><th>training</th>${values.map((value) => html`<th>${value}</th>`)}</tr></thead>
<tbody>${choices.map((one) => html`<tr><td>${one.name}</td>${values.map((value) => html`<td>${dice(one, value)}</td>`)}</tr>`)}</tbody>
</table></div>
</section>`;
}

function comparisons(all: readonly Comparison[]): Html | string {
  if (all.length === 0) return '';
  // Both must agree: with few images the interval alone is too narrow.
  const verdict = ({ interval: [low, high], p, first, second }: Comparison) =>
    p >= 0.05 || (low <= 0 && high >= 0) ? 'undecided' : `${low > 0 ? first : second} is better`;
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
  return html`<section>
<h2>Comparisons</h2>
<p>Differences of Dice on the same images with the same seeds: their mean, its 95 % interval by bootstrap over images, and p of a paired randomization test. p is not corrected for the number of comparisons.</p>
<div class="scroll results" tabindex="0"><table>
<thead><tr><th>difference</th><th>φ</th><th>Dice</th><th>95 %</th><th>p</th><th>pairs</th><th>verdict</th></tr></thead>
<tbody>${all.map(
    (one) =>
      html`<tr><td>${one.first} − ${one.second}</td><td>${one.factor}</td><td>${signed(one.difference)}</td><td>${signed(one.interval[0])} … ${signed(one.interval[1])}</td><td>${one.p < 0.001 ? '< 0.001' : one.p.toFixed(3)}</td><td>${one.pairs}</td><td>${verdict(one)}</td></tr>`,
  )}</tbody>
</table></div>
</section>`;
}

function table(cells: readonly ShownCell[]): Html {
  const text = ({ cell, state }: ShownCell) => {
    if (state.kind === 'done') return `done in ${Math.round(state.results.seconds)} s`;
    if (state.kind === 'failed') return `failed: ${state.message}`;
    return 'epoch' in state ? `${state.kind} after ${state.epoch} of ${cell.full.epochs} epochs` : state.kind;
  };
  return html`<section>
<h2>Trainings</h2>
<div class="scroll results" tabindex="0"><table>
<thead><tr><th>training</th><th>state</th><th>configuration</th><th>version</th></tr></thead>
<tbody>${cells.map(
    (one) =>
      html`<tr><td><a href="cells/${encodeURIComponent(one.cell.name)}/">${one.cell.name}</a></td><td>${text(one)}</td><td><code>${one.cell.hash}</code></td><td>${one.state.kind === 'done' ? one.state.results.version : ''}</td></tr>`,
  )}</tbody>
</table></div>
</section>`;
}
