import { join } from 'node:path';
import { writeFileAtomic } from '@sshn/model/node';
import { curvePlot } from '../plots/curve-plot.js';
import { svgFile } from '../plots/draw.js';
import { paperPalette } from '../plots/palette.js';
import { type PageOptions, reportPage } from '../report/page.js';
import type { ParetoReport } from '../report/report.js';
import type { Curve } from './curve.js';
import { resultsCsv } from './results-csv.js';

/**
 * Writes a report into a folder: pareto.csv, pareto.json, dice-vs-factor.svg, dice-vs-gflops.svg and report.html.
 *
 * @returns The path of the page.
 * @throws {FileError} if a file cannot be written; each is there as a whole or as it was.
 */
export async function writeReport(
  folder: string,
  report: ParetoReport,
  {
    curves,
    ...examples
  }: { readonly curves: readonly Curve[] } & Pick<PageOptions, 'overlays' | 'alignments'>,
): Promise<string> {
  const { run, data, points } = report;
  const plot = (x: 'factor' | 'gflops', title: string) =>
    svgFile(curvePlot(curves, { x, trained: run.prior }), { title, background: paperPalette.background });
  const files: Readonly<Record<string, string>> = {
    'pareto.csv': resultsCsv({ ...run, split: data.split }, points),
    'pareto.json': `${JSON.stringify(report, null, 2)}\n`,
    'dice-vs-factor.svg': plot('factor', 'Dice against the rescaling factor'),
    'dice-vs-gflops.svg': plot('gflops', 'Dice against the cost of one forward pass'),
    'report.html': reportPage(report, { ...examples, curves }),
  };
  for (const [name, content] of Object.entries(files)) await writeFileAtomic(join(folder, name), content);
  return join(folder, 'report.html');
}
