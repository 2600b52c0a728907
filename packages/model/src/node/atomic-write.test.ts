import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileError } from '@sshn/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeFileAtomic } from './atomic-write.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-atomic-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A process id that belongs to no process: that of one which has just ended. */
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;
const uuid = '01234567-89ab-cdef-0123-456789abcdef';

describe('writeFileAtomic', () => {
  test('writes and replaces, leaving nothing else', async () => {
    const path = join(folder, 'last.bin');
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    expect(Array.from(await readFile(path))).toEqual([1, 2, 3]);
    await writeFileAtomic(path, 'text');
    expect(await readFile(path, 'utf8')).toBe('text');
    expect(await readdir(folder)).toEqual(['last.bin']);
  });

  test('many writers at once leave one whole file', async () => {
    const path = join(folder, 'last.bin');
    const contents = Array.from({ length: 10 }, (_, i) => new Uint8Array(100_000).fill(i));
    await Promise.all(contents.map((content) => writeFileAtomic(path, content)));
    const found = await readFile(path);
    expect(found.length).toBe(100_000);
    expect(new Set(found).size).toBe(1);
    expect(await readdir(folder)).toEqual(['last.bin']);
  });

  test('clears away what killed processes left of the same file, and only that', async () => {
    const ended = deadPid();
    const leftover = `.last.bin.${ended}.${uuid}.tmp`;
    const others = [
      `.other.bin.${ended}.${uuid}.tmp`,
      `.last.bin.${process.pid}.${uuid}.tmp`,
      '.last.bin.notes.tmp',
    ];
    for (const name of [leftover, ...others]) await writeFile(join(folder, name), 'x');
    await writeFileAtomic(join(folder, 'last.bin'), 'new');
    expect((await readdir(folder)).sort()).toEqual([...others, 'last.bin'].sort());
  });

  test('a missing folder, a folder in place of the file, a file in place of the folder', async () => {
    await mkdir(join(folder, 'taken'));
    await writeFile(join(folder, 'file'), 'x');
    const cases = [
      [join(folder, 'missing', 'a.bin'), 'no such file or folder'],
      [join(folder, 'taken'), 'this is a folder'],
      [join(folder, 'file', 'a.bin'), 'a part of the path is not a folder'],
    ] as const;
    for (const [path, message] of cases) {
      const writing = writeFileAtomic(path, 'x');
      await expect(writing).rejects.toThrow(FileError);
      await expect(writing).rejects.toThrow(`${path}: ${message}`);
    }
    expect((await readdir(folder)).sort()).toEqual(['file', 'taken']);
  });

  test('a loop of links is an error with the system’s word', async () => {
    await symlink('b', join(folder, 'a'));
    await symlink('a', join(folder, 'b'));
    await expect(writeFileAtomic(join(folder, 'a', 'x'), 'x')).rejects.toThrow('the system reports ELOOP');
  });
});

/** A file system of 1 MB in a namespace of our own, where the system lets us. */
const smallDisk = (command: string, where: string) =>
  spawnSync('unshare', ['-Urm', 'sh', '-c', `mount -t tmpfs -o size=1m tmpfs '${where}' && ${command}`], {
    encoding: 'utf8',
  });
const canMount = smallDisk('true', tmpdir()).status === 0;

describe.skipIf(!canMount)('a full disk', () => {
  test('leaves the old content, no half file, and says so', () => {
    const program = fileURLToPath(new URL('../testing/fill-disk.ts', import.meta.url));
    const node = `'${process.execPath}' --conditions=@sshn/source --import tsx '${program}' '${folder}'`;
    const { stdout, stderr } = smallDisk(node, folder);
    expect(stderr).not.toContain('Error');
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({
      error: 'FileError',
      message: `${join(folder, 'last.bin')}: the disk is full. Free some space; what was there before is untouched.`,
      files: ['last.bin'],
      content: 'old',
    });
  });
});
