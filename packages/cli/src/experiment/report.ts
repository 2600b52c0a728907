import * as Plot from '@observablehq/plot';
import { type Drawing, draw, type Palette, pagePalette } from '../plots/draw.js';
import { framed } from '../report/frame.js';
import { type Html, html, raw } from '../report/html.js';
import type { CellState } from './cells.js';
import type { Cell, Plan } from './plan.js';
import { type Comparison, comparisonsOf, type Group, groupsOf } from './statistics.js';

/** A cell and where it stands. */
export interface ShownCell {
  readonly cell: Cell;
  readonly state: CellState;
}

/** An experiment as one HTML page that needs nothing else; cells link to their folders beside it. */
export function experimentPage(plan: Plan, cells: readonly ShownCell[], version: string): string {
  const done = cells.flatMap(({ cell, state }) =>
    state.kind === 'done' ? [{ cell, found: state.results }] : [],
  );
  const groups = groupsOf(done);
  const title = `${plan.name}: ${done.length} of ${cells.length} trainings`;
  const lead = html`<p class="muted">Mean Dice over ${plan.split} images. Points are means over seeds; bars reach one standard deviation to either side.</p>`;
  const main = html`${done.length === 0 ? html`<section><p>No training is done yet.</p></section>` : [curves(groups), means(groups), comparisons(comparisonsOf(groups))]}
${table(cells)}
<p class="muted">sshn ${version}, ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC. Every number comes from the folder that its row names: config.json is what was trained, log.txt what it said, results.json what it found.</p>`;
  return framed({ title, lead, main });
}

function curves(groups: readonly Group[]): Html {
  return html`<section>
<h2>Dice by rescaling factor</h2>
<div class="plots">
<figure>${raw(dicePlot(groups, 'factor').svg)}</figure>
<figure>${raw(dicePlot(groups, 'gflops').svg)}</figure>
</div>
</section>`;
}

/** Dice of each group over the factor or the cost. */
export function dicePlot(
  groups: readonly Group[],
  x: 'factor' | 'gflops',
  palette: Palette = pagePalette,
): Drawing {
  const points = groups.flatMap(({ name, points: some }) =>
    some.map(({ deviation, ...point }) => ({
      ...point,
      name,
      spread: Number.isNaN(deviation) ? 0 : deviation,
    })),
  );
  const color = (name: string) =>
    palette.curves[groups.findIndex((group) => group.name === name) % palette.curves.length]!;
  const names = groups.map(({ name }) => name);
  return draw({
    width: 640,
    height: 400,
    marginLeft: 64,
    marginBottom: 44,
    marginTop: 14 + 17 * Math.ceil(names.length / 3),
    style: { fontFamily: 'Helvetica, Arial, sans-serif', fontSize: '12px', color: palette.ink },
    x: {
      label: x === 'factor' ? 'rescaling factor φ' : 'GFLOPs per image',
      labelAnchor: 'center',
      labelArrow: 'none',
      inset: 8,
    },
    y: { label: 'Dice', labelAnchor: 'center', labelArrow: 'none', inset: 8, ticks: 6 },
    marks: [
      Plot.gridX({ stroke: palette.grid, strokeOpacity: 1 }),
      Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks: 6 }),
      Plot.ruleX(points, {
        x,
        y1: (point) => point.dice - point.spread,
        y2: (point) => point.dice + point.spread,
        stroke: (point) => color(point.name),
        strokeOpacity: 0.5,
        strokeWidth: 2,
      }),
      ...groups.flatMap(({ name }) => {
        const own = points.filter((point) => point.name === name).sort((a, b) => a[x] - b[x]);
        return [
          Plot.line(own, { x, y: 'dice', stroke: color(name), strokeWidth: 1.5 }),
          Plot.dot(own, {
            x,
            y: 'dice',
            r: 3.2,
            fill: color(name),
            title: (point) =>
              `${name}, φ = ${point.factor}: Dice ${point.dice.toFixed(4)} ± ${point.spread.toFixed(4)}`,
          }),
        ];
      }),
      ...names.flatMap((name, i) => {
        const [dx, dy] = [(i % 3) * 190, -17 * (Math.ceil(names.length / 3) - Math.floor(i / 3)) + 3];
        return [
          Plot.dot([name], { frameAnchor: 'top-left', dx: dx + 4, dy, r: 4, fill: color(name) }),
          Plot.text([name], {
            frameAnchor: 'top-left',
            lineAnchor: 'middle',
            dx: dx + 14,
            dy,
            fill: palette.ink,
          }),
        ];
      }),
    ],
  });
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

function comparisons(all: readonly Comparison[]): Html | string {
  if (all.length === 0) return '';
  // Both must speak for it: with few images the interval alone is too narrow.
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
