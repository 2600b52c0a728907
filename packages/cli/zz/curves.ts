import { readFileSync, writeFileSync } from 'node:fs';
import { paperPalette, svgFile } from '../src/plots/draw.js';
import { curvesPlot } from '../src/experiment/report/curves.js';
const [csv, out, title] = process.argv.slice(2) as string[];
const [head, ...rows] = readFileSync(csv, 'utf8').trim().split('\n').map((l) => l.split(','));
const col = (r: string[], n: string) => r[head!.indexOf(n)]!;
const groups = new Map<string, Map<number, number[]>>();
for (const r of rows) { const g = groups.get(col(r, 'method')) ?? new Map(); groups.set(col(r, 'method'), g); const f = Number(col(r, 'factor')); g.set(f, [...(g.get(f) ?? []), Number(col(r, 'dice'))]); }
const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length; const sd = (v: number[]) => Math.sqrt(v.reduce((a, b) => a + (b - mean(v)) ** 2, 0) / (v.length - 1));
const series = [...groups].map(([name, g]) => ({ name, points: [...g].sort((a, b) => a[0] - b[0]).map(([x, v]) => ({ x, y: mean(v), spread: sd(v) })) }));
writeFileSync(out, svgFile(curvesPlot(series, { x: 'rescaling factor φ', palette: paperPalette }), { title, background: paperPalette.background }));
