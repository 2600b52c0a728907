import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { faults, makeCellFolder } from './cell-folder.js';
import { commandLine, type Ended, inShell, printedCommand, scratchFolder, small, sshn } from './command.js';

const scratch = scratchFolder();
const own = () => mkdtemp(join(scratch.path, 'case-'));
const train = [
  '--features',
  '4',
  '--stages',
  '3',
  '--epochs',
  '1',
  '--threads',
  '1',
  '--out',
  'run',
] as const;

/** The command failed with one line, and no stack. */
function expectOneLine({ code, stderr }: Ended, says: RegExp, exitCode = 1): void {
  expect(code).toBe(exitCode);
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(/^error: .+\n$/);
}

describe('data', () => {
  test.each(Object.entries(faults))('%s', async (_, { spoil, says }) => {
    const folder = await own();
    await makeCellFolder(join(folder, 'data'));
    await spoil(join(folder, 'data'));
    expectOneLine(await sshn(['train', 'data', ...train], folder), says);
    expect(await readdir(folder)).not.toContain('run');
  });

  test('without a fault they train', async () => {
    const folder = await own();
    await makeCellFolder(join(folder, 'data'));
    const { code, stdout } = await sshn(['train', 'data', ...train], folder);
    expect(stdout).toContain('8 images, 32×32 pixels, 1 channel; labels background, label 1, label 2');
    expect(stdout).toContain('finished after 1 epoch.');
    expect(code).toBe(0);
  });
});

describe('configuration', () => {
  test.each([
    ['a wrong key', 'epoch: 5', /config\.yaml: epoch: unknown key, the nearest is 'epochs'\.$/m],
    ['a factor outside [0, 1]', 'prior: { kind: constant, factor: 2 }', /config\.yaml: prior\.factor: /],
    ['broken YAML', 'epochs: [5', /config\.yaml: .*line 1/],
  ])('%s in a file', async (_, content, says) => {
    const folder = await own();
    await writeFile(join(folder, 'config.yaml'), content);
    expectOneLine(await sshn(['train', 'phantoms', ...train, '--config', 'config.yaml'], folder), says);
    expect(await readdir(folder)).toEqual(['config.yaml']);
  });

  test('a factor outside [0, 1] on the command line', async () => {
    const folder = await own();
    const { code, stdout, stderr } = await sshn(['train', 'phantoms', '--factor', '1.5'], folder);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /^error: option '--factor <number>' argument '1\.5' is invalid\. Expected a number in \[0, 1\], or several separated by commas\.\n/,
    );
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('run folders', () => {
  test.each(['evaluate', 'pareto'])('sshn %s of a folder without a run', async (command) => {
    const folder = await own();
    await mkdir(join(folder, 'empty'));
    expectOneLine(await sshn([command, 'empty', '--threads', '1'], folder), /empty: .*no run.*sshn train/);
    expect(await readdir(join(folder, 'empty'))).toEqual([]);
  });

  test('sshn train --resume of a folder without a run', async () => {
    expectOneLine(await sshn(['train', '--resume', 'nowhere'], await own()), /nowhere: there is no run here/);
  });

  test('images that have moved: the command says how to name them, and its words work', async () => {
    const folder = await own();
    await makeCellFolder(join(folder, 'data'));
    expect((await sshn(['train', 'data', ...train], folder)).code).toBe(0);
    await rename(join(folder, 'data'), join(folder, 'my data'));
    for (const words of [
      ['evaluate', 'run'],
      ['train', '--resume', 'run'],
    ]) {
      const failed = await sshn(words, folder);
      expectOneLine(failed, /the images of this run are no longer here\. If they have moved, say where/);
      const again = printedCommand(failed).replace('FOLDER', "'my data'");
      expect(again).toMatch(/^sshn (evaluate run|train --resume run) --data 'my data'$/);
      expect(await inShell(again, folder)).toMatchObject({ code: 0 });
    }
  });

  test('data that are not those of the run', async () => {
    const folder = await own();
    await makeCellFolder(join(folder, 'data'));
    expect(
      (await sshn(['train', 'phantoms:cells:16', ...small, '--epochs', '1', '--out', 'run'], folder)).code,
    ).toBe(0);
    const other = await sshn(['pareto', 'run', '--data', 'data', '--threads', '1'], folder);
    expectOneLine(other, /the images are not those that the run was trained on; missing: .* with --data/);
    expect(await readdir(join(folder, 'run'))).not.toContain('pareto');
  });

  test('a file where the run folder should be', async () => {
    const folder = await own();
    await writeFile(join(folder, 'run'), 'a file');
    expectOneLine(await sshn(['train', 'phantoms:cells:16', ...small, ...train.slice(-2)], folder), /run: /);
  });
});

/** Mounts a small disk in a name space of its own, so that nothing is left to unmount. */
const onSmallDisk = (kilobytes: number, folder: string, script: string) => [
  '-rm',
  'sh',
  '-c',
  `mount -t tmpfs -o size=${kilobytes}k tmpfs '${folder}' && { ${script}; }`,
];
const canMount = (() => {
  try {
    execFileSync('unshare', onSmallDisk(64, '/tmp', 'true'), { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!canMount)('a full disk (needs a kernel that lets users mount)', () => {
  /** Trains on a disk of its own and says what is there afterwards. */
  async function trainOnDisk(kilobytes: number) {
    const folder = await own();
    const command = commandLine([
      'train',
      'phantoms:cells:16',
      ...small,
      '--epochs',
      '3',
      '--out',
      `${folder}/run`,
    ]);
    const quoted = command.map((word) => `'${word}'`).join(' ');
    const script = `${quoted} > /dev/null; echo "code $?"; find '${folder}' -type f -printf '%P %s\\n' | sort`;
    try {
      const output = execFileSync('unshare', onSmallDisk(kilobytes, folder, `{ ${script}; } 2>&1`), {
        encoding: 'utf8',
      });
      const [error = '', ...files] = output.trimEnd().split('\n');
      return { error, files, output };
    } catch (error) {
      throw new Error(String((error as { stdout?: string }).stdout));
    }
  }

  test('too small for a checkpoint: one line, and no part of one', async () => {
    const { error, files, output } = await trainOnDisk(16);
    expect(error).toMatch(/run\/\S+: the disk is full\. Free some space/);
    expect(output).not.toMatch(/^\s+at /m);
    // What is there is whole: run.json, the split, and the log of the epochs.
    expect(files.map((line) => line.split(' ')[0])).toEqual([
      'code',
      'run/metrics.jsonl',
      'run/run.json',
      'run/split.json',
    ]);
    expect(files[0]).toBe('code 1');
  });
});
