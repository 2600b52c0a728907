import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DOMParser, parseHTML } from 'linkedom';
import '@tensorflow/tfjs-backend-cpu';
import { pick } from '@sshn/model';
import { readModelFile } from '@sshn/model/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { inShell, printedCommand, scratchFolder, small, sshn, start } from './command.js';

const scratch = scratchFolder();
const run = (...args: string[]) => sshn([...args, '--threads', '1'], scratch.path);
const read = (...path: string[]) => readFile(join(scratch.path, ...path), 'utf8');
const files = [
  'dice-vs-factor.svg',
  'dice-vs-gflops.svg',
  'evaluated.json',
  'pareto.csv',
  'pareto.json',
  'report.html',
  'searched.json',
];

beforeAll(async () => {
  const train = ['train', 'phantoms:cells:16', ...small, '--epochs', '2'];
  expect((await sshn([...train, '--out', 'run'], scratch.path)).code).toBe(0);
  const fixed = [...train, '--method', 'fixed', '--factor', '0.25', '--out', 'fixed'];
  expect((await sshn(fixed, scratch.path)).code).toBe(0);
});

/** Rows of pareto.csv as objects of texts. */
async function rows(folder: string): Promise<Array<Record<string, string>>> {
  const [head, ...lines] = (await read(folder, 'pareto', 'pareto.csv')).trimEnd().split('\n');
  return lines.map((line) =>
    Object.fromEntries(line.split(',').map((cell, i) => [head!.split(',')[i], cell])),
  );
}

describe('sshn pareto', () => {
  test('writes tables, plots and a page that agree', async () => {
    const { code, stdout, stderr } = await run('pareto', 'run', '--by', '0.25');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^φ +Dice +cytoplasm +nucleus +GFLOPs +ms \(quartiles\) +undefined\n/);
    expect(stdout).toContain(`report: ${join('run', 'pareto', 'report.html')}\n`);
    const [reported, decisive, ...more] = stderr.split(/^.* factors on \d+ validation images, .*$/m);
    for (const text of [reported, decisive]) expect(text!.match(/^\d\/3 {2}φ .*$/gm)).toHaveLength(3);
    expect(more).toEqual([]);
    expect((await readdir(join(scratch.path, 'run', 'pareto'))).sort()).toEqual(files);

    const table = await rows('run');
    expect(Object.keys(table[0]!)).toEqual([
      'method',
      'architecture',
      'factor',
      'seed',
      'split',
      'dice',
      'gflops',
      'milliseconds',
    ]);
    expect(
      table.map(({ method, architecture, factor, seed, split }) =>
        [method, architecture, factor, seed, split].join(),
      ),
    ).toEqual(['sshn,unet,0,1,test', 'sshn,unet,0.25,1,test', 'sshn,unet,0.5,1,test']);
    const gflops = table.map((row) => Number(row.gflops));
    expect(gflops[0]).toBeLessThan(gflops[1]!);
    expect(gflops[1]).toBeLessThan(gflops[2]!);

    // A program can choose a factor by the table in the model file.
    const { manifest, params } = await readModelFile(join(scratch.path, 'run', 'best.safetensors'));
    for (const weights of params.values()) weights.dispose();
    expect(manifest.accuracyCost.map(({ factor }) => factor)).toEqual([0, 0.25, 0.5]);
    const least = Math.min(...manifest.accuracyCost.map(({ dice }) => dice));
    expect(pick(manifest.accuracyCost, { dice: least }).chosen).toBeDefined();

    const report = JSON.parse(await read('run', 'pareto', 'pareto.json'));
    expect(report.points[0].diceByImage).toHaveLength(3);
    expect(report).toMatchObject({
      format: 'sshn-pareto',
      run: { method: 'sshn', seed: 1, prior: { kind: 'uniform', low: 0, high: 0.5 } },
      data: { split: 'test', images: 3, labelNames: ['background', 'cytoplasm', 'nucleus'] },
    });
    expect(report.checkpoint.bytes).toBe((await stat(join(scratch.path, 'run', 'best.safetensors'))).size);
    for (const [i, point] of report.points.entries()) {
      expect(point.dice).toBeCloseTo(Number(table[i]!.dice), 6);
      expect(point.dice).toBeGreaterThanOrEqual(0);
      expect(point.dice).toBeLessThanOrEqual(1);
      expect(point.milliseconds).toBeGreaterThan(0);
    }

    for (const name of ['dice-vs-factor.svg', 'dice-vs-gflops.svg']) {
      const svg = new DOMParser().parseFromString(await read('run', 'pareto', name), 'image/svg+xml');
      expect(svg.documentElement!.tagName).toBe('svg');
      expect(svg.querySelectorAll('circle title')).toHaveLength(3);
    }

    const { document } = parseHTML(await read('run', 'pareto', 'report.html'));
    expect(document.querySelectorAll('tr[data-row]')).toHaveLength(3);
    expect(document.querySelectorAll('img')).toHaveLength(3 * 6);
  });

  test('evaluates only what it has not evaluated before, unless told to', async () => {
    const finer = await run('pareto', 'run', '--by', '0.125', '--images', '1');
    // Of the test images, and of the validation images.
    expect(finer.stderr.match(/^3 of 5 factors were evaluated before and are kept$/gm)).toHaveLength(2);
    expect(finer.stderr.match(/^\d\/5 {2}φ .*$/gm)).toHaveLength(2 * 2);
    expect(await rows('run')).toHaveLength(5);
    const fresh = await run(
      'pareto',
      'run',
      '--from',
      '0.25',
      '--to',
      '0.5',
      '--by',
      '0.25',
      '--fresh',
      '--images',
      '0',
    );
    expect(fresh.stderr).not.toContain('evaluated before');
    expect((await rows('run')).map(({ factor }) => factor)).toEqual(['0.25', '0.5']);
    expect(
      parseHTML(await read('run', 'pareto', 'report.html')).document.querySelectorAll('img'),
    ).toHaveLength(0);
  });

  test('interrupted, it keeps what it has and goes on', async () => {
    const words = ['pareto', 'fixed', '--to', '0.2', '--split', 'validation', '--images', '1'];
    const running = start([...words, '--threads', '1'], scratch.path);
    await running.writes('2/21');
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /interrupted; results so far are kept\. Go on with: sshn pareto fixed --to 0\.2 --split validation --images 1 --threads 1\n$/,
    );
    expect(await readdir(join(scratch.path, 'fixed', 'pareto'))).toEqual(['evaluated.json']);
    const again = await inShell(printedCommand({ stdout, stderr }), scratch.path);
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/^\d+ of 21 factors were evaluated before and are kept$/m);
    expect((await rows('fixed')).map(({ split }) => split)).toEqual(Array(21).fill('validation'));
    expect((await run('pareto', 'fixed', '--by', '0.25')).code).toBe(0);
  });

  test('draws other runs beside it', async () => {
    const { code } = await run('pareto', 'run', '--by', '0.25', '--images', '1', '--compare', 'fixed');
    expect(code).toBe(0);
    const svg = await read('run', 'pareto', 'dice-vs-gflops.svg');
    expect(svg).toContain('Fixed, φ = 0.25: ');
    expect(svg).not.toContain('Fixed, φ = 0.5: ');
    const none = await run('pareto', 'run', '--by', '0.25', '--compare', 'nowhere');
    expect(none).toMatchObject({ code: 1 });
    expect(none.stderr).toMatch(
      /^error: nowhere.pareto.pareto\.json: there are no results of that run\. Evaluate that run first: sshn pareto nowhere\n$/,
    );
  });
});

test('sshn train and sshn pareto write JSON lines for programs', async () => {
  const words = ['phantoms:cells:8', ...small, '--epochs', '1', '--json', '--out', 'lines'];
  const parsed = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  const trained = await sshn(['train', ...words], scratch.path);
  expect(trained.code, trained.stderr).toBe(0);
  const events = parsed(trained.stdout);
  // What should be known of so few images comes before the training.
  expect(events.map(({ kind }) => kind)).toEqual(['run', 'warning', 'start', 'epoch', 'end']);
  expect(events[1].message).toMatch(
    /^Intensities stay as they are \(pictures, scaled to 0…1: [\d.]+ to 1 in 5 images\)\.$/,
  );
  expect(events[0]).toMatchObject({ folder: 'lines', dataset: { images: 8, size: [32, 32] } });
  expect(printedCommand(trained)).toBe('sshn pareto lines --threads 1');
  const compared = await run('pareto', 'run', '--by', '0.25', '--images', '0', '--compare', 'lines');
  expect(printedCommand(compared)).toBe('sshn pareto lines');
  const { code, stdout } = await run('pareto', 'lines', '--by', '0.5', '--images', '0', '--json');
  expect(code).toBe(0);
  const lines = parsed(stdout);
  expect(lines.map(({ kind, split }) => (split === undefined ? kind : `${kind} ${split}`))).toEqual([
    'accuracy',
    'accuracy',
    'result',
    'result',
    'accuracy validation',
    'accuracy validation',
    'report',
  ]);
  expect(lines[2]).toMatchObject({
    factor: 0,
    millisecondsQuartiles: [expect.any(Number), expect.any(Number)],
  });
  expect(await inShell(printedCommand(trained), scratch.path)).toMatchObject({ code: 0 });
});

test('an empty name is refused before anything is made', async () => {
  const { code, stderr } = await sshn(['train', 'phantoms', '--out', ''], scratch.path);
  expect({ code, stderr: stderr.split('\n')[0] }).toEqual({ code: 2, stderr: 'error: --out is empty' });
  expect((await sshn(['pareto', ''], scratch.path)).stderr).toMatch(/^error: argument 'run' is empty\n/);
});

describe('sshn evaluate', () => {
  test('prints a table of the telling factors', async () => {
    const { code, stdout } = await run('evaluate', 'run');
    expect(code).toBe(0);
    expect(
      stdout
        .split('\n')
        .slice(2)
        .map((line) => line.slice(0, 4)),
    ).toEqual(['0.00', '0.25', '0.50', '']);
    const fixed = await run('evaluate', 'fixed');
    expect(
      fixed.stdout
        .split('\n')
        .slice(2)
        .map((line) => line.slice(0, 4)),
    ).toEqual(['0.25', '']);
  });

  test('prints JSON or CSV for programs, of any split', async () => {
    const { stdout } = await run(
      'evaluate',
      'run',
      '--factors',
      '0.1,0.3',
      '--json',
      '--split',
      'validation',
    );
    const parsed = JSON.parse(stdout);
    expect(parsed).toMatchObject({ run: 'run', method: 'sshn', split: 'validation' });
    expect(parsed.results.map(({ factor }: { factor: number }) => factor)).toEqual([0.1, 0.3]);
    expect(Object.keys(parsed.results[0].diceByLabel)).toEqual(['cytoplasm', 'nucleus']);
    const csv = await run('evaluate', 'run', '--factors', '0.1', '--csv');
    expect(csv.stdout).toMatch(
      /^method,architecture,factor,seed,split,dice,gflops,milliseconds\nsshn,unet,0\.1,1,test,[\d.]+,[\d.]+,[\d.]+\n$/,
    );
  });

  test('gives the same Dice as sshn pareto', async () => {
    const { results } = JSON.parse((await run('evaluate', 'run', '--factors', '0.25', '--json')).stdout);
    const point = JSON.parse(await read('run', 'pareto', 'pareto.json')).points.find(
      ({ factor }: { factor: number }) => factor === 0.25,
    );
    expect(results[0].dice).toBe(point.dice);
  });
});

describe('separate factors', () => {
  beforeAll(async () => {
    const train = ['train', 'phantoms:cells:16', ...small, '--epochs', '2', '--rescaling', 'separate'];
    expect((await sshn([...train, '--out', 'separate'], scratch.path)).code).toBe(0);
  });

  test('are evaluated over a grid, the cheapest first, by a command that can be cut and goes on', async () => {
    const words = ['pareto', 'separate', '--grid', '6', '--threads', '1'];
    const running = start(words, scratch.path);
    await running.writes('4/36');
    running.child.kill('SIGINT');
    const cut = await running.ended;
    expect(cut.code).toBe(130);
    expect(cut.stderr).toMatch(/Go on with: sshn pareto separate --grid 6 --threads 1\n$/);
    expect(await readdir(join(scratch.path, 'separate', 'pareto', 'grid'))).toEqual(['evaluated.json']);

    const { code, stdout, stderr } = await sshn(words, scratch.path);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^\d+ of 36 factors were evaluated before and are kept$/m);
    expect(stdout).toMatch(/^Pareto front: \d+ of 36 combinations/);
    const [head, ...lines] = (await read('separate', 'pareto', 'grid', 'results.csv')).trimEnd().split('\n');
    expect(head).toBe('method,architecture,factor0,factor1,seed,split,dice,gflops,milliseconds,pareto');
    const table = lines.map((line) => line.split(','));
    expect(new Set(table.map((cells) => cells.slice(2, 4).join())).size).toBe(36);
    const gflops = table.map((cells) => Number(cells[7]));
    expect(gflops).toEqual([...gflops].sort((a, b) => a - b));
    const front = table.filter((cells) => cells[9] === 'front').map((cells) => Number(cells[6]));
    expect(front).toEqual([...front].sort((a, b) => a - b));
    expect(front.at(-1)).toBeLessThanOrEqual(Math.max(...table.map((cells) => Number(cells[6]))));
    const grid = JSON.parse(await read('separate', 'pareto', 'grid', 'grid.json'));
    expect(grid).toMatchObject({ format: 'sshn-grid', values: [0, 0.1, 0.2, 0.3, 0.4, 0.5] });
    for (const name of ['dice-vs-gflops.svg', 'dice-map.svg']) {
      const svg = await read('separate', 'pareto', 'grid', name);
      expect(new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement!.tagName).toBe('svg');
    }
  });

  test('are taken one by one; a number stands for all of them', async () => {
    const two = JSON.parse((await run('evaluate', 'separate', '--factor', '0.1,0.5', '--json')).stdout);
    expect(two.results.map(({ factor }: { factor: number[] }) => factor)).toEqual([[0.1, 0.5]]);
    const equal = JSON.parse((await run('evaluate', 'separate', '--factor', '0.3,0.3', '--json')).stdout);
    const one = JSON.parse((await run('evaluate', 'separate', '--factors', '0.3', '--json')).stdout);
    expect(one.results[0].dice).toBe(equal.results[0].dice);
    expect(one.results[0].gflops).toBe(equal.results[0].gflops);
    expect(two.results[0].gflops).not.toBe(one.results[0].gflops);
  });

  test('too many, too few, or of a run with a common one are refused', async () => {
    const three = await run('evaluate', 'separate', '--factor', '0.1,0.2,0.3');
    expect(three).toMatchObject({ code: 1, stdout: '' });
    expect(three.stderr).toContain('got [0.1,0.2,0.3], expected one for all steps, or 2');
    const common = await run('evaluate', 'run', '--factor', '0.1,0.2');
    expect(common.stderr).toContain("Separate ones are trained with rescaling: 'separate'.");
    const grid = await run('pareto', 'run', '--grid', '3');
    expect(grid).toMatchObject({ code: 1 });
    expect(grid.stderr).toContain('Train with --rescaling separate');
  });
});
