import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePhantoms } from '@sshn/data';
import { BudgetError, type Manifest, settingKey } from '@sshn/model';
import { Segmenter } from '@sshn/predict';
import { openModel } from '@sshn/predict/node';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../command-line.js';
import { machine } from '../process/environment.js';
import { captureOutput } from '../testing/captured-output.js';
import { result } from '../testing/report.js';
import { worthTheirCost } from './front.js';
import { rungsOf } from './sureness.js';

test('what is worth its cost: better than every cheaper one by more than next to nothing, and the best of all', () => {
  const at = (gflops: number, dice: number) => result({ gflops, dice });
  const all = [at(4, 0.9), at(1, 0.7), at(2, 0.701), at(3, 0.8), at(5, 0.85), at(6, 0.9005)];
  expect(worthTheirCost(all).map(({ gflops }) => gflops)).toEqual([1, 3, 4, 6]);
  expect(worthTheirCost([at(1, Number.NaN)])).toEqual([]);
});

test('rungs: the cheapest as good as the most accurate, the cheapest nearly as good, one between where costs are far apart', () => {
  const at = (gflops: number, dice: number) => result({ gflops, dice });
  const costs = (front: readonly ReturnType<typeof at>[]) => rungsOf(front).map(({ gflops }) => gflops);
  expect(costs([at(1, 0.7), at(2, 0.891), at(4, 0.893), at(7, 0.894), at(9, 0.896), at(40, 0.9)])).toEqual([
    2, 9, 40,
  ]);
  expect(costs([at(40, 0.9), at(10, 0.891), at(20, 0.895), at(15, 0.88)])).toEqual([10, 40]);
  expect(costs([at(1, 0.5), at(2, 0.9), at(3, 0.85)])).toEqual([2]);
  expect(costs([at(2, 0.893), at(40, 0.9), at(90, 0.9019), at(99, 0.902)])).toEqual([2, 40]);
  expect(costs([at(1, Number.NaN)])).toEqual([]);
});

describe('sshn pareto of a network with several knobs', () => {
  let folder: string;
  const output = captureOutput();
  const sshn = (line: string): Promise<number> => {
    output.clear();
    const words = line.split(' ').map((word) => word.replace('@', `${folder}/`));
    return runCommandLine(line.startsWith('info') ? words : [...words, '--threads', '1']);
  };
  const read = (...path: string[]) => readFile(join(folder, 'run', ...path), 'utf8');
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sshn-front-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('finds the front on validation images, reports it on others, stores it, and goes on', {
    timeout: 120_000,
  }, async () => {
    const small = '--size 16x16 --features 4 --stages 2 --hyper-hidden 4 --batch-size 2';
    const knobs = '--width-range 0.25,1 --resolution-range 0.5,1';
    expect(await sshn(`train phantoms:cells:32 ${small} ${knobs} --epochs 4 --out @run`)).toBe(0);
    expect(output.stdout).toContain('The model has a coarse front of its widths and resolutions');
    {
      // Of training alone: Dice chooses a small setting already.
      using trained = await openModel(join(folder, 'run'));
      const [cheapest] = trained.points;
      expect(trained.choose({ dice: cheapest!.dice! })).toMatchObject({
        at: { width: cheapest!.width, resolution: cheapest!.resolution },
        dice: cheapest!.dice,
      });
      expect(cheapest!.gflops!).toBeLessThan(0.5 * trained.gflopsAt(0.5));
    }
    expect(await sshn('pareto @run --by 0.25 --images 1 --settings 40')).toBe(0);
    expect(output.stderr).toContain(
      'looks for the front of its knobs on 5 validation images, at most 40 settings',
    );
    const { key, results } = JSON.parse(await read('pareto', 'searched.json'));
    // Dice is that of every machine, times are of this one: another Node goes on with the search.
    expect(key).toMatch(/^\S+\n[0-9a-f]{64}\nvalidation$/);
    expect(JSON.parse(await read('pareto', 'evaluated.json')).key).toContain(machine());
    expect(results.length).toBeGreaterThanOrEqual(36);
    expect(results.length).toBeLessThanOrEqual(40);
    const front = worthTheirCost(results);

    // The file has validation's Dice; the report those of the test images, at the same settings.
    using model = await openModel(join(folder, 'run'));
    const namesOf = (all: readonly { factor: unknown; width?: number; resolution?: number }[]) =>
      all.map(({ factor, width = 1, resolution = 1 }) => [factor, width, resolution]);
    const table: Manifest['accuracyCost'] = model.manifest.accuracyCost;
    expect(namesOf(table)).toEqual(namesOf(front));
    expect(table.map(({ dice }) => dice)).toEqual(front.map(({ dice }) => dice));
    for (const { milliseconds } of table) expect(milliseconds).toBeGreaterThan(0);
    const report = JSON.parse(await read('pareto', 'pareto.json'));
    expect(namesOf(report.front)).toEqual(namesOf(front));
    expect(report.points.map(({ factor }: { factor: number }) => factor)).toEqual([0, 0.25, 0.5]);
    const [head, ...rows] = (await read('pareto', 'pareto.csv')).trimEnd().split('\n');
    expect(head).toBe('method,architecture,factor,width,resolution,seed,split,dice,gflops,milliseconds');
    expect(rows).toHaveLength(3 + front.length);
    const { document } = parseHTML(await read('pareto', 'report.html'));
    expect(document.querySelectorAll('tr[data-row]')).toHaveLength(front.length);
    expect(document.querySelector('.chooser label')!.textContent).toContain('Move along the front');

    // How sure it is: learned from the validation images, measured on the others.
    const { cascade } = model.manifest;
    expect(cascade!.images).toBe(5);
    const dices = new Map(table.map((row) => [settingKey(row), row.dice]));
    // A rung that sees the image flipped, or answers by a mean, is one only where it loses no more than that.
    for (const [i, { dice, flipped, ...rung }] of cascade!.rungs.entries()) {
      const alone = dices.get(settingKey(rung))!;
      const isOther = flipped !== undefined || (cascade!.answer === 'mean' && i > 0);
      if (isOther) expect(dice).toBeGreaterThan(alone - 0.0051);
      else expect(dice).toBeCloseTo(alone, 9);
    }
    const { methods, predictions, cascade: curve, images } = report.sureness;
    expect(images).toBe(6);
    expect(predictions).toHaveLength(6);
    const best = report.front.at(-1);
    expect(methods.map(({ name }: { name: string }) => name)).toEqual([
      'disagreement',
      'softmax',
      'entropy',
      'flips',
    ]);
    for (const { dice, gflops } of methods.slice(0, 3)) {
      expect(dice).toBeCloseTo(best.dice, 9);
      expect(gflops).toBeGreaterThanOrEqual(best.gflops);
    }
    const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
    const off = predictions.map(([predicted, dice]: [number, number]) => Math.abs(predicted - dice));
    expect(methods[0].meanAbsoluteError).toBeCloseTo(sum(off) / 6, 9);
    expect(curve[0].gflops).toBeLessThanOrEqual(curve.at(-1).gflops);
    expect(curve.at(-1).dice).toBeCloseTo(best.dice, 9);
    for (const { answered } of curve) expect(sum(answered)).toBeCloseTo(1, 9);
    expect((await read('pareto', 'sureness.csv')).trimEnd().split('\n')).toHaveLength(5);
    expect((await read('pareto', 'cascade.csv')).trimEnd().split('\n')).toHaveLength(1 + curve.length);
    expect(await read('pareto', 'cascade.svg')).toContain('mean GFLOPs per image');
    expect(document.querySelector('#sure')!.textContent).toBe('How sure it is');

    // Budgets choose from it at once.
    expect(model.choose({ gflops: 1e6 })).toMatchObject({ dice: table.at(-1)!.dice });
    expect(() => model.choose({ gflops: table[0]!.gflops / 2 })).toThrow(BudgetError);

    expect(await sshn('pareto @run --by 0.25 --images 0 --settings 40')).toBe(0);
    expect(output.stderr).toContain('36 settings were evaluated before and are kept');
    expect(output.stderr).toContain(`${3 + front.length} of ${3 + front.length} `);
    expect(JSON.parse(await read('pareto', 'searched.json')).results).toEqual(results);
    expect(await sshn('info @run')).toBe(0);
    expect(output.stdout).toMatch(/\nwidths +0\.25 to 1\nresolutions +0\.5 to 1\n/);
    expect(output.stdout).toMatch(/φ +(width +resolution +)?Dice +GFLOPs +MiB +ms/);
    expect(
      await sshn('evaluate @run --factors 0.25 --width 0.5 --input-resolution 0.75 --csv --no-times'),
    ).toBe(0);
    expect(output.stdout).toMatch(/\nsshn,unet,0\.25,0\.5,0\.75,1,test,[\d.]+,[\d.]+,\n$/);
    expect(output.stderr).not.toContain('note: ');
    const beyond = '--factors 0.5,0.9 --width 0.1 --no-times';
    expect(await sshn(`evaluate @run ${beyond}`)).toBe(0);
    expect(output.stderr).toContain('note: Outside of training, which had widths 0.25 to 1: expect a');
    expect(output.stderr).toContain(
      'note: Outside of training, which had factors 0 to 0.5 and widths 0.25 to 1',
    );
    expect(await sshn('evaluate @run --factors 0.25 --width 0.5')).toBe(0);
    expect(output.stdout).toMatch(/^φ +width +resolution +Dice/);
  });

  test('of φ alone the file has Dice on validation images, the report on others; what was evaluated is kept', async () => {
    const words = '--size 16x16 --features 4 --stages 2 --hyper-hidden 4 --batch-size 2 --epochs 2';
    expect(await sshn(`train phantoms:cells:32 ${words} --knobs factor --out @phi`)).toBe(0);
    const pareto = 'pareto @phi --by 0.25 --images 0';
    expect(await sshn(pareto)).toBe(0);
    expect(output.stderr).toContain('the same 3 factors on 5 validation images, by which budgets choose');
    const json = async (...path: string[]) =>
      JSON.parse(await readFile(join(folder, 'phi', 'pareto', ...path), 'utf8'));
    const { results } = await json('searched.json');
    const { points, sureness } = await json('pareto.json');
    const table = async () => {
      using model = await openModel(join(folder, 'phi'));
      return model.manifest.accuracyCost;
    };
    const stored = await table();
    const diceOf = (all: ReadonlyArray<{ dice: number }>) => all.map(({ dice }) => dice);
    expect(stored.map(({ factor }) => factor)).toEqual([0, 0.25, 0.5]);
    expect(diceOf(stored)).toEqual(diceOf(results));
    expect(diceOf(stored)).not.toEqual(diceOf(points));
    expect(stored.map(({ milliseconds }) => milliseconds)).toEqual(
      points.map(({ milliseconds }: { milliseconds: number }) => milliseconds),
    );
    expect(await sshn('evaluate @phi --factors 0,0.25,0.5 --split validation --json --no-times')).toBe(0);
    expect(diceOf(JSON.parse(output.stdout).results)).toEqual(diceOf(stored));
    // How sure it is is fitted to the same results.
    const best = Math.max(...diceOf(stored));
    expect(sureness.cascadeOf.rungs.at(-1).dice).toBeGreaterThan(best - 0.0071);

    // On another machine, as far as the kept results know: its times are measured anew, Dice on validation images is not.
    const path = join(folder, 'phi', 'pareto', 'evaluated.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace(machine(), 'another'));
    expect(await sshn(pareto)).toBe(0);
    expect(output.stderr.match(/3 of 3 factors were evaluated before/g)).toHaveLength(1);
    expect(diceOf(await table())).toEqual(diceOf(stored));
    // Where validation images are reported, they are evaluated once.
    expect(await sshn(`${pareto} --split validation`)).toBe(0);
    expect(output.stderr).not.toContain('by which budgets choose');
    expect(diceOf(await table())).toEqual(diceOf(stored));
  });

  test('beside it one that was trained at half of the size alone: its file, cost and export say so', async () => {
    const words = '--size 16x16 --features 4 --stages 2 --batch-size 2 --epochs 1 --method fixed';
    const train = (name: string, more: string) =>
      sshn(`train phantoms:cells:32 ${words} --factor 0.5 ${more} --out @${name}`);
    expect(await train('half', '--input-resolution 0.5')).toBe(0);
    expect(await sshn('pareto @half --from 0.5 --to 0.5 --images 1')).toBe(0);
    const csv = await readFile(join(folder, 'half', 'pareto', 'pareto.csv'), 'utf8');
    const { gflops } = JSON.parse(await read('pareto', 'pareto.json')).points.at(-1);
    // That of the network with knobs at φ = 0.5 and full size, of which three quarters of the pixels are left out.
    expect(Number(csv.trimEnd().split('\n')[1]!.split(',').at(-2))).toBeLessThan(0.3 * gflops);
    expect(await sshn('export @half -o @half.safetensors')).toBe(0);
    const images = generatePhantoms({ kind: 'cells', count: 1, size: [16, 16], seed: 3 });
    const { image } = await images.load(images.ids[0]!);
    using trained = await openModel(join(folder, 'half'));
    using exported = await openModel(join(folder, 'half.safetensors'));
    expect(exported.manifest.network.resolution).toBe(0.5);
    if (!(trained instanceof Segmenter) || !(exported instanceof Segmenter)) throw new Error('no segmenter');
    const probabilities = async (model: Segmenter) =>
      (await model.predict(image, { probabilities: true })).probabilities;
    expect(await probabilities(exported)).toEqual(await probabilities(trained));
    expect(await sshn('info @half')).toBe(0);
    expect(output.stdout).toContain("sees 0.5 of the images' size");
  });
});
