import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { inShell, printedCommand, scratchFolder, sshn, start } from './command.js';
import { tensorsOf } from './servers.js';

const scratch = scratchFolder();
const read = (...path: string[]) => readFile(join(scratch.path, ...path), 'utf8');

const plan = `
name: methods
data: phantoms:cells:16:1
config: { size: [16, 16], epochs: 15, architecture: { features: 2, stages: 2 }, hypernetwork: { hidden: [2] } }
grid: { method: [sshn], seed: [1] }
factors: [0, 0.5]
also:
  - config: { method: fixed }
    grid: { factor: [0.5], seed: [1] }
  - data: nowhere
    grid: { seed: [7] }
`;

test('a grid is trained, killed, interrupted, gone on with to the same weights and compared; a cell that fails stops no other', async () => {
  await writeFile(join(scratch.path, 'methods.yaml'), plan);
  const cells = join(scratch.path, 'out', 'cells');
  const run = ['experiment', 'run', 'methods.yaml', '-o', 'out', '--jobs', '2', '--memory', '1kB'];
  const metrics = join(cells, 'method=sshn_seed=1', 'run', 'metrics.jsonl');
  const epochs = () => (existsSync(metrics) ? readFileSync(metrics, 'utf8').split('\n').length - 1 : 0);
  /** Runs until the cell has another epoch. */
  const runAnEpoch = async (signal: NodeJS.Signals) => {
    const before = epochs();
    const running = start(run, scratch.path);
    while (epochs() <= before) await setTimeout(20);
    running.child.kill(signal);
    return running.ended;
  };
  await runAnEpoch('SIGKILL');
  const { stdout: standing } = await sshn(['experiment', 'status', 'out'], scratch.path);
  expect(standing).toMatch(/^method=sshn_seed=1 +(running|interrupted), epoch \d+ of 15, about .+ left$/m);
  const interrupted = await runAnEpoch('SIGINT');
  expect(interrupted.code).toBe(130);
  expect(printedCommand(interrupted)).toBe(
    'sshn experiment run methods.yaml --out out --jobs 2 --memory 1000',
  );
  const { code, stdout } = await inShell(printedCommand(interrupted), scratch.path);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^method=sshn_seed=7 {2}failed: .*nowhere/m);
  expect(stdout).toContain('2 of 3 done');
  const cell = join(cells, 'method=sshn_seed=1');
  const alone = ['train', 'phantoms:cells:16:1', '--config', join(cell, 'config.json'), '--out', 'alone'];
  expect((await sshn([...alone, '--threads', '1'], scratch.path)).code).toBe(0);
  const weights = async (folder: string) => tensorsOf(await readFile(join(folder, 'last.safetensors')));
  expect((await weights(join(cell, 'run'))).equals(await weights(join(scratch.path, 'alone')))).toBe(true);

  // Too large for so little memory, the images are on disk: once, for all cells.
  expect(
    (await readdir(join(scratch.path, 'out', 'images'))).filter((name) => !name.endsWith('.tmp')),
  ).toHaveLength(16);
  expect(await readdir(join(cell, 'run'))).not.toContain('images');

  const rows = (await read('out', 'results.csv')).trim().split('\n');
  expect(rows[0]).toMatch(/^cell,method,seed,trainedFactor,factor,dice,/);
  expect(rows.length).toBe(1 + 2 + 1);
  const parquet = await readFile(join(scratch.path, 'out', 'results.parquet'));
  expect([parquet.subarray(0, 4), parquet.subarray(-4)].map(String)).toEqual(['PAR1', 'PAR1']);
  // Of the checkout that the tests run in, by its commit where git tells it, and by the code that was bundled.
  const { version } = JSON.parse(await read('out', 'cells', 'method=sshn_seed=1', 'results.json'));
  expect(version).toMatch(/^\d+\.\d+\.\d+\+([0-9a-f]{12}(-dirty)?\.)?[0-9a-f]{12}$/);
  expect(rows.slice(1).map((row) => row.split(',').at(-1))).toEqual(rows.slice(1).map(() => version));
  const { document } = parseHTML(await read('out', 'report.html'));
  expect(document.body.textContent).toContain(`sshn ${version}, `);
  const tables = [...document.querySelectorAll('table')].map(({ textContent }) => textContent);
  expect(tables[0]).toContain('sshn');
  expect(tables[1]).toContain('sshn − fixed');
  expect(tables[2]).toMatch(/failed: .*nowhere/);

  // Results of other settings are not taken for these.
  await writeFile(join(scratch.path, 'methods.yaml'), plan.replace('factors: [0, 0.5]', 'factors: [0.25]'));
  const changed = await sshn(['experiment', 'status', 'out'], scratch.path);
  expect(changed.stdout).toContain('1 done, 1 interrupted, 1 waiting; about ');
  expect(changed.stdout).toMatch(/ left, one cell at a time\n$/);
  const json = await sshn(['experiment', 'status', 'out', '--json'], scratch.path);
  const { cells: states, secondsLeft } = JSON.parse(json.stdout);
  const done = JSON.parse(await read('out', 'cells', 'method=fixed_factor=0.5_seed=1', 'results.json'));
  // The interrupted one has no epoch left, the waiting one takes what the one took that is done.
  expect(states.map(({ kind, secondsLeft: own }: Record<string, unknown>) => [kind, own])).toEqual([
    ['interrupted', 0],
    ['done', undefined],
    ['waiting', undefined],
  ]);
  expect(secondsLeft).toBe(Math.max(done.seconds, done.trainingSeconds));
});

/** What a preset may have, at its smallest. */
const everyKind = `
name: kinds
description: Of all kinds.
data: phantoms:cells:8:1
config: { size: [16, 16], epochs: 1, architecture: { features: 2, stages: 3 }, hypernetwork: { hidden: [2] } }
grid: { priorWidth: [0.1], seed: [1] }
factors: [0.4, 0.5]
weightsOf: [0.5]
figures: [dice, learning, structures, trainingTime, priorWidth, transfer, separateFactors]
also:
  - grid: { rescaling: [separate], seed: [1] }
    weightsOf: []
    combinations: { values: 2, from: 0, to: 1 }
`;

test('everything that presets measure is measured and drawn, and done once', async () => {
  await writeFile(join(scratch.path, 'kinds.yaml'), everyKind);
  const run = ['experiment', 'run', 'kinds.yaml', '-o', 'kinds', '--jobs', '2'];
  const { code, stdout } = await sshn(run, scratch.path);
  expect(stdout).toContain('2 of 2 done');
  expect(code).toBe(0);
  const found = JSON.parse(await read('kinds', 'cells', 'method=sshn_priorWidth=0.1_seed=1', 'results.json'));
  const rows = found.results.map((row: Record<string, unknown>) => [row.split, row.weightsOf, row.factor]);
  expect(rows).toEqual([undefined, 0.5].flatMap((of) => [0.4, 0.5].map((factor) => ['test', of, factor])));
  expect(found.results[3].dice).toBe(found.results[1].dice);
  expect(found.trainingSeconds).toBeGreaterThan(0);
  expect(Object.keys(found.labelSizes)).toEqual(Object.keys(found.results[0].diceByLabel));
  const separate = JSON.parse(
    await read('kinds', 'cells', 'method=sshn_rescaling=separate_seed=1', 'results.json'),
  );
  expect(separate.combinations.map(({ factor }: { factor: number[] }) => factor.join()).sort()).toEqual([
    ...['0,0', '0,1', '1,0', '1,1'],
  ]);
  const files = await readdir(join(scratch.path, 'kinds'));
  const figures = [
    'dice-vs-factor',
    'learning-by-epochs',
    'structures',
    'training-time',
    'prior-width',
    'transfer',
  ];
  for (const name of [...figures, 'separate-factors-map', 'separate-factors-front'])
    expect(files).toContain(`${name}.svg`);
});

test('a preset is printed, and is an experiment', async () => {
  const { stdout } = await sshn(['experiment', 'preset', 'wbc-table1', '--data', '../wbc'], scratch.path);
  await writeFile(join(scratch.path, 'wbc.yaml'), stdout);
  expect(stdout).toContain('\ndata: ../wbc\n');
  const status = await sshn(['experiment', 'status', 'wbc.yaml'], scratch.path);
  expect(status.stdout).toContain('36 waiting; time left unknown');
});
