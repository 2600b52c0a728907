import type { Series } from './plot.js';

/** What the results were measured with. */
export interface Circumstances {
  readonly machine: string;
  /** Processors that other work kept busy before. */
  readonly othersBusy: number;
  readonly seconds: number;
  readonly date: string;
}

/** The results as Markdown: the plot and a table for each series. */
export function resultsText(
  series: readonly Series[],
  { machine, othersBusy, seconds, date }: Circumstances,
): string {
  const head = [
    'requests/s',
    'answered/s',
    '503/s',
    'lost',
    'p50, ms',
    'p95, ms',
    'φ',
    'Dice',
    '/healthz p50, p95, ms',
  ];
  const tables = series.map(({ name, steps }) => {
    const rows = steps.map((step) => [
      String(step.rate),
      fixed(step.answered, 1),
      fixed(step.refused, 1),
      String(step.lost),
      fixed(step.p50, 0),
      fixed(step.p95, 0),
      fixed(step.factor, 2),
      fixed(step.dice, 3),
      `${fixed(step.probeP50, 1)}, ${fixed(step.probeP95, 1)}`,
    ]);
    const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
    return `### ${name}\n\n${lines.join('\n')}`;
  });
  return [
    `Measured on ${date}, ${seconds} s for each rate: ${machine}. Other work kept ${othersBusy.toFixed(1)} processors busy before.`,
    '![p95, factor and Dice over the rate of requests](load.svg)',
    ...tables,
  ].join('\n\n');
}

const [begin, end] = ['<!-- results -->', '<!-- end of results -->'];

/** The README with these results in the place of others. @throws {Error} if it has no place for them. */
export function withResults(readme: string, results: string): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The README has no '${begin}' and '${end}'.`);
  return `${readme.slice(0, from + begin.length)}\n\n${results}\n\n${readme.slice(to)}`;
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}
