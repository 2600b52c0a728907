import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { result } from '../testing/results.js';
import { KeptResults } from './kept-results.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-kept-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('KeptResults', () => {
  it('are there when the file is opened again, undefined Dice and all', async () => {
    const path = join(folder, 'again.json');
    const undefinedDice = result({ factor: 0.1, dice: Number.NaN, diceByLabel: { nucleus: Number.NaN } });
    const kept = await KeptResults.open(path, 'a');
    expect(kept.get(0.1)).toBeUndefined();
    await kept.keep([result({ factor: 0.5 })]);
    await kept.keep([undefinedDice]);
    const again = await KeptResults.open(path, 'a');
    expect(again.get(0.1)).toEqual(undefinedDice);
    expect(again.get(0.5)).toEqual(result({ factor: 0.5 }));
    expect(
      JSON.parse(await readFile(path, 'utf8')).results.map((one: { factor: number }) => one.factor),
    ).toEqual([0.1, 0.5]);
  });

  it('are not those of another key', async () => {
    const path = join(folder, 'key.json');
    await (await KeptResults.open(path, 'a')).keep([result({ factor: 0.5 })]);
    const other = await KeptResults.open(path, 'b');
    expect(other.get(0.5)).toBeUndefined();
    await other.keep([result({ factor: 0.2 })]);
    expect((await KeptResults.open(path, 'b')).get(0.5)).toBeUndefined();
    expect((await KeptResults.open(path, 'b')).get(0.2)).toBeDefined();
  });

  it('are begun anew when asked for, or when the file is damaged', async () => {
    const path = join(folder, 'damaged.json');
    await (await KeptResults.open(path, 'a')).keep([result({ factor: 0.5 })]);
    expect(KeptResults.empty(path, 'a').get(0.5)).toBeUndefined();
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 40));
    expect((await KeptResults.open(path, 'a')).get(0.5)).toBeUndefined();
  });
});
