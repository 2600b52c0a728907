import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { result } from '../testing/report.js';
import { KeptResults, resultSchema, separateResultSchema } from './kept-results.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-kept-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('KeptResults', () => {
  it('are there when the file is opened again, undefined Dice and all', async () => {
    const path = join(folder, 'again.json');
    const undefinedDice = result({ factor: 0.1, dice: Number.NaN, diceByLabel: { nucleus: Number.NaN } });
    const kept = await KeptResults.open({ path, key: 'a', schema: resultSchema });
    expect(kept.get({ factor: 0.1 })).toBeUndefined();
    await kept.keep([result({ factor: 0.5 })]);
    await kept.keep([undefinedDice]);
    const again = await KeptResults.open({ path, key: 'a', schema: resultSchema });
    expect(again.get({ factor: 0.1 })).toEqual(undefinedDice);
    expect(again.get({ factor: 0.5 })).toEqual(result({ factor: 0.5 }));
    expect(
      JSON.parse(await readFile(path, 'utf8')).results.map((one: { factor: number }) => one.factor),
    ).toEqual([0.1, 0.5]);
  });

  it('are not those of another key', async () => {
    const path = join(folder, 'key.json');
    await (await KeptResults.open({ path, key: 'a', schema: resultSchema })).keep([result({ factor: 0.5 })]);
    const other = await KeptResults.open({ path, key: 'b', schema: resultSchema });
    expect(other.get({ factor: 0.5 })).toBeUndefined();
    await other.keep([result({ factor: 0.2 })]);
    expect(
      (await KeptResults.open({ path, key: 'b', schema: resultSchema })).get({ factor: 0.5 }),
    ).toBeUndefined();
    expect(
      (await KeptResults.open({ path, key: 'b', schema: resultSchema })).get({ factor: 0.2 }),
    ).toBeDefined();
  });

  it('are begun anew when asked for, or when the file is damaged', async () => {
    const path = join(folder, 'damaged.json');
    await (await KeptResults.open({ path, key: 'a', schema: resultSchema })).keep([result({ factor: 0.5 })]);
    expect(KeptResults.empty({ path, key: 'a', schema: resultSchema }).get({ factor: 0.5 })).toBeUndefined();
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 40));
    expect(
      (await KeptResults.open({ path, key: 'a', schema: resultSchema })).get({ factor: 0.5 }),
    ).toBeUndefined();
  });

  it('hold separate factors as well, in the order of the first, then the next', async () => {
    const at = { path: join(folder, 'separate.json'), key: 'a', schema: separateResultSchema };
    const settings = [
      [0.5, 0.1],
      [0.1, 0.5],
      [0.1, 0.25],
    ];
    await (await KeptResults.open(at)).keep(settings.map((factor) => ({ ...result({}), factor })));
    const again = await KeptResults.open(at);
    expect(again.get({ factor: [0.1, 0.25] })?.factor).toEqual([0.1, 0.25]);
    expect(again.get({ factor: [0.25, 0.1] })).toBeUndefined();
    const { results } = JSON.parse(await readFile(at.path, 'utf8'));
    expect(results.map(({ factor }: { factor: number[] }) => factor)).toEqual([
      [0.1, 0.25],
      [0.1, 0.5],
      [0.5, 0.1],
    ]);
  });
});
