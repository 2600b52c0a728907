import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatePhantoms } from '@sshn/data';
import { encode } from 'fast-png';
import { beforeAll, expect, test } from 'vitest';
import { scratchFolder, sshn, start } from './command.js';

const scratch = scratchFolder();
const at = (...path: string[]) => join(scratch.path, ...path);

async function writeCells(folder: string, count: number, edge: number): Promise<void> {
  await mkdir(at(folder));
  const cells = generatePhantoms({ kind: 'cells', count: 3, size: [edge, edge], seed: 1 });
  const images = await Promise.all(cells.ids.map((id) => cells.load(id)));
  for (let i = 0; i < count; i++) {
    const data = Uint8Array.from(images[i % 3]!.image.values, (value) => Math.round(255 * value));
    await writeFile(
      at(folder, `${String.fromCharCode(97 + i)}.png`),
      encode({ width: edge, height: edge, channels: 3, depth: 8, data }),
    );
  }
}

beforeAll(async () => {
  await writeCells('images', 6, 96);
  await writeFile(at('images/d-bad.png'), 'no image');
  await writeCells('many', 10, 256);
});

const predict = (images: string, out: string, ...more: string[]) => [
  ...['predict', 'cells', images, '-o', out, '--threads', '1', ...more],
];

/** All files of a folder with their content. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(at(folder))).sort();
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, (await readFile(at(folder, name))).toString('base64')] as const),
    ),
  );
}

test('several processes give what one gives: files, tables, messages, exit code', async () => {
  const [one, three] = [
    await sshn(predict('images', 'one', '--json'), scratch.path),
    await sshn(predict('images', 'three', '--json', '--processes', '3'), scratch.path),
  ];
  expect(one.code).toBe(1);
  expect(one.stderr).toContain('error: images/d-bad.png: ');
  expect(one.stderr).toContain('1 of 7 images could not be predicted');
  expect(three.stderr).toContain(', in 3 processes.\n');
  expect({ ...three, stderr: three.stderr.replace(', in 3 processes', '') }).toEqual(one);
  const files = await contentOf('one');
  expect(Object.keys(files)).toHaveLength(6 + 4);
  expect(await contentOf('three')).toEqual(files);
});

/** Process ids of the children of a process. */
const childrenOf = async (pid: number): Promise<number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean).map(Number);

const isLinux = process.platform === 'linux';

test.runIf(isLinux)('interrupted, they end, and the same command goes on where it was', async () => {
  const line = predict('many', 'cut', '--processes', '2', '--resolution', 'own', '--json');
  const running = start(line, scratch.path);
  await running.writes('"output":"a.png"');
  const children = await childrenOf(running.child.pid!);
  expect(children).toHaveLength(2);
  // As a terminal does, to all of them.
  for (const pid of [running.child.pid!, ...children]) process.kill(pid, 'SIGINT');
  const { code, stdout, stderr } = await running.ended;
  expect({ code, stderr }).toMatchObject({
    code: 130,
    stderr: expect.stringContaining('the same command goes on'),
  });
  for (const pid of children) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  const done = stdout.trim().split('\n').length;
  expect(done).toBeLessThan(10);
  const rest = await sshn(line, scratch.path);
  expect(rest.code).toBe(0);
  expect(rest.stdout.trim().split('\n').length).toBe(10 - done);
});

test.runIf(isLinux)('a process that dies costs the image that it had, and no other', async () => {
  const running = start(
    predict('many', 'killed', '--processes', '2', '--resolution', 'own', '--json'),
    scratch.path,
  );
  await running.writes('"output":"a.png"');
  const [victim] = await childrenOf(running.child.pid!);
  process.kill(victim!, 'SIGKILL');
  const { code, stderr } = await running.ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/error: many\/\w\.png: the process that predicted it ended \(SIGKILL\)/);
  expect(stderr).toContain('1 of 10 images could not be predicted');
  expect((await readdir(at('killed'))).filter((name) => name.endsWith('.png'))).toHaveLength(9);
  // The same command predicts that image too, and all is as if nothing had happened.
  const again = await sshn(predict('many', 'killed', '--resolution', 'own'), scratch.path);
  expect(again.code).toBe(0);
  expect(again.stderr).not.toContain('processes');
  expect(await contentOf('killed')).toEqual(await contentOf('cut'));
});
