import { join } from 'node:path';
import { writeFileAtomic } from '@sshn/model/node';
import type { Prior } from '@sshn/training';
import { type Curve, curvesOf, movesKnobs } from '../pareto/curve.js';
import { methodNames, type ParetoReport } from '../pareto/report-data.js';
import { resultsCsv } from '../pareto/results-csv.js';
import { writeSureness } from '../pareto/sureness.js';
import { curvePlot } from '../plots/curve-plot.js';
import { paperPalette, svgFile } from '../plots/draw.js';
import { phiText } from '../terminal/text.js';
import {
  type AlignmentRow,
  alignmentsSection,
  type OverlayRow,
  overlaysSection,
} from './examples-sections.js';
import { framed } from './frame.js';
import { html } from './html.js';
import { runSection, tableSection, tiles } from './numbers-sections.js';
import { chooserScript, plotsSection } from './plots-section.js';
import { cascadePlot, surenessSection } from './sureness-section.js';

/** What else goes on the page. */
export interface PageOptions {
  readonly overlays: readonly OverlayRow[];
  /** Of a run that aligns images, in place of overlays. @default none */
  readonly alignments?: readonly AlignmentRow[];
  /** What to plot, the curve of the report first. @default that alone */
  readonly curves?: readonly Curve[];
}

/**
 * The report as one HTML page that needs nothing else: no network, no files beside it; it reads without its script.
 */
export function reportPage(report: ParetoReport, { overlays, alignments = [], curves }: PageOptions): string {
  const { run, data } = report;
  const title = `${methodNames[run.method]} on ${data.name}: accuracy against cost`;
  const shown = curves ?? curvesOf([{ name: methodNames[run.method], results: report.points }]);
  const main = shown.find((curve) => movesKnobs(curve.points));
  const { points } = main ?? shown[0]!;
  const ofFactor = main === undefined ? [] : shown[0]!.points;
  const lead = html`<p class="muted">One network, trained ${trainedFor(run.prior)}, evaluated at ${countText(points.length, main === undefined ? 'factor' : 'setting')} on ${data.images} ${data.split} images. φ is the factor by which every pooling step scales its input: φ&nbsp;=&nbsp;0 leaves one pixel below the first stage, larger φ keeps more detail and costs more.${main === undefined ? '' : ` Width is the share of the features of every stage, resolution that of the images’ size. These settings are the front over all of them, chosen on validation images: each was worth its cost there.`}</p>`;
  const sections = [
    tiles(points),
    plotsSection(shown, run.prior, points),
    alignments.length > 0
      ? alignmentsSection(alignments, data.split)
      : overlaysSection(overlays, data.labelNames, data.split),
    tableSection(points, ofFactor),
    report.sureness === undefined ? html`` : surenessSection(report.sureness, report.front ?? report.points),
    runSection(report),
  ];
  return framed({ title, lead, main: sections, script: chooserScript });
}

function countText(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function trainedFor(prior: Prior): string {
  return prior.kind === 'constant'
    ? `for the rescaling factor ${phiText(prior.factor)}`
    : `for all rescaling factors φ from ${prior.low} to ${prior.high}${prior.factors === undefined ? '' : `, separate ones for its ${prior.factors} downsampling steps`}`;
}

/**
 * Writes a report into a folder: pareto.csv, pareto.json, dice-vs-factor.svg, dice-vs-gflops.svg and report.html; where it tells how
 * sure the network is, sureness.csv, cascade.csv and cascade.svg too.
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
    'pareto.csv': resultsCsv({ ...run, split: data.split }, [...points, ...(report.front ?? [])], {
      withKnobs: report.front !== undefined,
    }),
    'pareto.json': `${JSON.stringify(report, null, 2)}\n`,
    'dice-vs-factor.svg': plot('factor', 'Dice against the rescaling factor'),
    'dice-vs-gflops.svg': plot('gflops', 'Dice against the cost of one forward pass'),
    'report.html': reportPage(report, { ...examples, curves }),
  };
  for (const [name, content] of Object.entries(files)) await writeFileAtomic(join(folder, name), content);
  const { sureness } = report;
  if (sureness === undefined) return join(folder, 'report.html');
  await writeSureness(folder, sureness);
  if (sureness.cascadeOf.rungs.length > 1) {
    const drawing = cascadePlot(sureness, report.front ?? points, paperPalette);
    const title = 'A cascade and single settings: mean Dice against mean cost';
    await writeFileAtomic(
      join(folder, 'cascade.svg'),
      svgFile(drawing, { title, background: paperPalette.background }),
    );
  }
  return join(folder, 'report.html');
}
