import type { Engine } from './engines.js';
import type { Case } from './probe.js';

const columns: ReadonlyArray<readonly [engine: Engine, title: string]> = [
  ['wasm', 'wasm (`@sshn/backend-wasm`)'],
  ['webgl', 'webgl'],
  ['webgpu', 'webgpu (`@sshn/backend-webgpu`)'],
];

/** What the cases are of: the first row that fits has a case. */
const rows: ReadonlyArray<readonly [title: string, fits: RegExp]> = [
  ['all losses, of images and volumes', /^(loss|predicted labels)/],
  ['warping, fields, similarity, regularizers, in 2D and 3D', /^(warp|similarity|field)/],
  ['networks and hypernetworks, with gradients', /^(network|hypernetwork)/],
  ['Adam, AdamW, SGD, clipping', /^(optimizer|clipped)/],
  ['50 steps of training an SSHN', /steps of training/],
  ['layers in 3D, with gradients', / 3D$|to \d+ × \d+ × \d+$/],
  ['layers in 2D, with gradients', /./],
];

type Known = Partial<Record<Engine, Readonly<Record<string, string>>>>;

/** The table of what runs where: ✅, or ❌ and why. Its rows are lists of cells. */
export function compatibilityTable(cases: readonly Case[], known: Known): string[][] {
  const rowOf = ({ name }: Case) => rows.findIndex(([, fits]) => fits.test(name));
  const cell = (engine: Engine, row: number): string => {
    const reasons = cases
      .filter((each) => rowOf(each) === row)
      .flatMap(({ name }) => known[engine]?.[name] ?? []);
    return reasons.length === 0 ? '✅' : `❌ ${[...new Set(reasons)].join('; ')}`;
  };
  return [
    ['', ...columns.map(([, title]) => title)],
    ...rows.map(([title], row) => [title, ...columns.map(([engine]) => cell(engine, row))]),
  ];
}

/** The rows of the first Markdown table of a text. */
export function readTable(markdown: string): string[][] {
  const lines = /(^\|.*\n)+/m.exec(markdown)?.[0].trim().split('\n') ?? [];
  return lines
    .filter((line) => !/^\|[\s|:-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((text) => text.trim()),
    );
}
