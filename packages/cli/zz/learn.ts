import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { paperPalette, svgFile } from '../src/plots/draw.js';
import { learningFigures } from '../src/experiment/report/learning.js';
const [out, title, ...folders] = process.argv.slice(2) as string[];
const cells: any[] = [];
for (const folder of folders) for (const name of readdirSync(`${folder}/cells`)) {
  const axes = Object.fromEntries(name.split('_').map((p) => { const [k, v] = p.split('='); return [k, Number.isNaN(Number(v)) ? v : Number(v)]; }));
  let log: string; try { log = readFileSync(`${folder}/cells/${name}/run/metrics.jsonl`, 'utf8'); } catch { continue; }
  let seconds = 0; const learning: any[] = [];
  for (const line of log.split('\n').filter(Boolean)) { const e = JSON.parse(line); seconds += e.seconds ?? 0; for (const v of e.validation ?? []) learning.push({ epochs: e.epoch + 1, minutes: seconds / 60, factor: v.factor, dice: v.dice }); }
  if (process.env.ONLY && !process.env.ONLY.split(',').some((o) => name.includes(o))) continue;
  const { learningRate, ...rest } = axes as any;
  cells.push({ cell: { axes: rest }, found: { learning } });
}
for (const f of learningFigures(cells, paperPalette)) { writeFileSync(`${out}/${f.name}.svg`, svgFile(f.drawing, { title: `${title}: ${f.title}`, background: paperPalette.background })); console.log(f.name); }
