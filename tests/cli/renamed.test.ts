import { cp, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { sharedFolder } from '@sshn-internal/testing';
import { expect, test } from 'vitest';
import { scratchFolder, sshn } from './command.js';

const scratch = scratchFolder();
const cases = sharedFolder('cases');
const small = ['--size', '32', '--features', '4', '--stages', '3', '--epochs', '1', '--threads', '1'];

test.skipIf(cases === undefined)(
  'images that were renamed after training keep their part of the split',
  async () => {
    const images = join(scratch.path, 'n8');
    await cp(join(cases!, 'split-renamed/n8'), images, { recursive: true });
    const trained = await sshn(['train', 'n8', ...small, '--out', 'run'], scratch.path);
    expect(trained.code, trained.stderr).toBe(0);
    const evaluate = () => sshn(['evaluate', 'run', '--json', '--threads', '1'], scratch.path);
    const before = await evaluate();
    expect(before.code, before.stderr).toBe(0);
    for (const part of ['images', 'labels']) {
      for (const [i, name] of (await readdir(join(images, part))).sort().entries()) {
        // In the opposite order, so that a split by names would be another one.
        await rename(
          join(images, part, name),
          join(images, part, `scan${100 - i}${/\.[^.]*$/.exec(name)![0]}`),
        );
      }
    }
    const after = await evaluate();
    expect(after.code, after.stderr).toBe(0);
    expect(after.stderr).toMatch(/renamed/);
    const diceIn = (text: string) => JSON.parse(text).results.map(({ dice }: { dice: number }) => dice);
    expect(diceIn(after.stdout)).toEqual(diceIn(before.stdout));
    const { images: kept } = JSON.parse(await readFile(join(scratch.path, 'run/split.json'), 'utf8'));
    expect(kept).toHaveLength((await readdir(join(images, 'images'))).length);
  },
);
