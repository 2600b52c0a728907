import { basename, join } from 'node:path';
import { FileError, ValueError } from '@sshn/core';
import { readRegularFile } from '@sshn/model/node';
import { z } from 'zod';
import { commandText } from '../terminal/text.js';
import { type Curve, curvesOf } from './curve.js';
import { resultSchema } from './kept-results.js';
import { methodNames, type ParetoReport } from './report-data.js';

const factor = z.number();

/** What a comparison needs of a pareto.json. */
const reportSchema = z.object({
  format: z.literal('sshn-pareto'),
  run: z.object({
    folder: z.string(),
    method: z.enum(['fixed', 'stochastic', 'film', 'sshn']),
    prior: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('constant'), factor: z.union([factor, z.array(factor)]) }),
      z.object({ kind: z.literal('uniform'), low: factor, high: factor, factors: factor.exactOptional() }),
    ]),
  }),
  data: z.object({
    name: z.string(),
    split: z.string(),
    images: z.number(),
    digest: z.string().exactOptional(),
  }),
  points: z.array(resultSchema),
});

/** The part of a report that can be compared. */
export type Comparable =
  | Pick<ParetoReport, 'format' | 'run' | 'data' | 'points' | 'front'>
  | z.infer<typeof reportSchema>;

/**
 * Reads the results that `sshn pareto` left in the folder of another run.
 *
 * @throws {FileError} if there are none.
 */
export async function readReport(folder: string): Promise<z.infer<typeof reportSchema>> {
  const path = join(folder, 'pareto', 'pareto.json');
  const remedy = `Evaluate that run first: ${commandText(['pareto', folder])}`;
  const bytes = await readRegularFile(path).catch((cause) => {
    throw new FileError({ path, problem: 'there are no results of that run', remedy, cause });
  });
  try {
    return reportSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new FileError({ path, problem: 'this is no result of `sshn pareto`', remedy, cause });
  }
}

/**
 * Curves of several runs with one Pareto front: of the first run and of runs trained for a range all points; of other
 * runs trained at one factor that point, together with those of the same method.
 *
 * A front over several knobs comes last, beside the curve of its factor alone.
 *
 * Scores are compared image by image, so images have to be the same by their content; reports of older releases, which do not
 * know it, by their number.
 *
 * @throws {ValueError} if they were evaluated on different images.
 */
export function compareReports(reports: readonly [Comparable, ...Comparable[]]): Curve[] {
  const [first, ...others] = reports;
  for (const { data, run } of reports) {
    const isSameSet =
      data.name === first.data.name && data.split === first.data.split && data.images === first.data.images;
    const isSame = data.digest === undefined || data.digest === (first.data.digest ?? data.digest);
    if (isSameSet && isSame) continue;
    const count = ({ images, split, name }: Comparable['data']) => `${images} ${split} images of ${name}`;
    throw new ValueError({
      where: `comparison with ${run.folder}`,
      got: isSameSet ? `${count(data)} of other content, or in another order` : count(data),
      expected: `the same images: ${count(first.data)}`,
      hint: isSameSet
        ? 'Runs share their images if they have the same data and the same --seed or --split.'
        : '',
    });
  }
  const own = { ...nameOf(first), isJoined: true, results: first.points };
  const front = 'front' in first ? (first.front ?? []) : [];
  const series =
    front.length === 0
      ? [own, ...groupsOf(others).map(seriesOf)]
      : [
          { ...own, name: `${own.name}, φ alone` },
          ...groupsOf(others).map(seriesOf),
          { ...own, name: `${own.name}, all knobs`, results: front },
        ];
  const isTwice = (name: string) => series.filter((one) => one.name === name).length > 1;
  return curvesOf(
    series.map(({ name, detail, ...rest }) => ({
      ...rest,
      name: isTwice(name) ? `${name} (${detail})` : name,
    })),
  );
}

/** Runs at one factor each by method, all others by themselves. */
function groupsOf(reports: readonly Comparable[]): Comparable[][] {
  const keyOf = ({ run }: Comparable) => (run.prior.kind === 'constant' ? run.method : run.folder);
  return [...new Set(reports.map(keyOf))].map((key) => reports.filter((report) => keyOf(report) === key));
}

function seriesOf(group: readonly Comparable[]) {
  const [one] = group as [Comparable];
  const isJoined = one.run.prior.kind === 'uniform';
  const { name, detail } = nameOf(one);
  return {
    name,
    detail: isJoined ? detail : 'one φ each',
    isJoined,
    results: group.flatMap(trainedPoints),
  };
}

/** A curve's name, and what distinguishes it from another of that name. */
function nameOf({ run }: Comparable): { name: string; detail: string } {
  return { name: methodNames[run.method], detail: basename(run.folder) };
}

/** What a run was trained for: all its points, or that of its one factor. */
function trainedPoints({ run, points }: Comparable): Comparable['points'][number][] {
  const { prior } = run;
  if (prior.kind === 'uniform') return [...points];
  const { factor } = prior;
  if (typeof factor === 'number') return points.filter((point) => Math.abs(point.factor - factor) < 1e-6);
  throw new ValueError({
    where: `comparison with ${run.folder}`,
    got: factor,
    expected: 'a run of one factor: this one was trained at a separate factor for each downsampling step',
    hint: 'Measure it with `sshn evaluate`.',
  });
}
