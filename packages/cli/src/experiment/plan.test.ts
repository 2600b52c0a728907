import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPlan } from './plan.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-plan-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function planOf(text: string) {
  const path = join(folder, 'methods.yaml');
  await writeFile(path, text);
  return readPlan(path, 'out');
}

const numbers = (count: number) => `[${Array.from({ length: count }, (_, i) => i + 1)}]`;

describe('readPlan', () => {
  test('every combination is a cell; further grids change what they name', async () => {
    const { name, splits, cells } = await planOf(`
data: images
config: { epochs: 3, optimizer: { learningRate: 0.01 } }
grid: { method: [sshn, film], optimizer.beta1: [0.8, 0.9], seed: [1, 2] }
factors: [0, 0.5]
split: validation
also:
  - config: { method: fixed, epochs: 4 }
    grid: { factor: [0.25], data: [phantoms, images] }
`);
    expect([name, splits, cells.length]).toEqual(['methods', ['validation'], 10]);
    expect(cells.map((cell) => cell.name).slice(0, 2)).toEqual([
      'method=sshn_beta1=0.8_seed=1',
      'method=sshn_beta1=0.8_seed=2',
    ]);
    expect(cells[3]).toMatchObject({
      folder: join('out', 'cells', 'method=sshn_beta1=0.9_seed=2'),
      data: join(folder, 'images'),
      full: { method: 'sshn', epochs: 3, seed: 2, optimizer: { learningRate: 0.01, beta1: 0.9 } },
      evaluations: [{ kind: 'factors', split: 'validation', factors: [0, 0.5] }],
    });
    expect(cells[8]).toMatchObject({
      data: 'phantoms',
      full: { method: 'fixed', epochs: 4, prior: { kind: 'constant', factor: 0.25 } },
      evaluations: [{ factors: [0.25] }],
    });
    expect(new Set(cells.map(({ hash }) => hash)).size).toBe(10);
  });

  test('the hash of a cell is of what is declared, wherever that stands, and of nothing that is filled in', async () => {
    const hashOf = async (text: string) => {
      const { cells } = await planOf(text);
      expect(cells.length).toBe(1);
      return cells[0]!.hash;
    };
    const first = 'data: images\nconfig: { epochs: 3, optimizer: { learningRate: 0.01, beta1: 0.8 } }';
    const hash = await hashOf(first);
    // The results of this release have it. With other defaults it has to stay.
    expect(hash).toBe('446aa48596c639b0');
    expect(
      await hashOf(
        'data: images\nconfig: { optimizer: { beta1: 0.8 } }\ngrid: { optimizer.learningRate: [0.01], epochs: [3] }',
      ),
    ).toBe(hash);
    const others = [
      first.replace('images', 'phantoms'),
      first.replace('epochs: 3', 'epochs: 4'),
      first.replace('epochs: 3, ', ''),
      `${first}\nfactors: [0.5]`,
      `${first}\nsplit: validation`,
      `${first}\nweightsOf: [0.5]`,
    ];
    const hashes: string[] = [];
    for (const other of others) hashes.push(await hashOf(other));
    expect(new Set([hash, ...hashes]).size).toBe(1 + others.length);
  });

  test('a key that is chosen by is one of a grid', async () => {
    const grid = 'data: phantoms\ngrid: { optimizer.learningRate: [0.01, 0.02] }\n';
    expect((await planOf(`${grid}choose: optimizer.learningRate`)).choose).toBe('optimizer.learningRate');
    await expect(planOf(`${grid}choose: learningRate`)).rejects.toThrow(
      'methods.yaml: chooses learningRate, which no grid has. Name a key of grid, such as optimizer.learningRate.',
    );
  });

  test('odd values have names that are names of folders', async () => {
    const { cells } = await planOf(`
data: phantoms
grid: { intensity: [{ kind: none }, { kind: minMax }], hypernetwork.hidden: [[4, 8], []] }
`);
    for (const { name } of cells)
      expect(name).toMatch(/^method=sshn_intensity=[0-9a-f]{8}_hidden=[0-9a-f]{8}$/);
    expect(new Set(cells.map(({ name }) => name)).size).toBe(4);
  });

  test.each([
    ['grid: { methd: [sshn] }\ndata: phantoms', /methd: unknown key, the nearest is 'method'/],
    ['grid: { seed: [1, 1] }\ndata: phantoms', /has the cell method=sshn_seed=1 twice/],
    ['grid: { seed: [1] }', /names no data/],
    ['grid: { method: [fixed] }\ndata: phantoms\nalso: [{ gird: {} }]', /gird/],
    ['grid: { method: [fixed], factor: [2] }\ndata: phantoms', /factor/],
    ['factors: [1.5]\ndata: phantoms', /factors/],
    [`grid: { seed: ${numbers(101)}, epochs: ${numbers(100)} }\ndata: phantoms`, /has 10100 cells/],
    ['- 1', /holds no keys/],
  ])('%s is refused', async (text, message) => {
    await expect(planOf(text)).rejects.toThrow(message);
  });
});
