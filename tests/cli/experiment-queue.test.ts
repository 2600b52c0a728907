import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scratchFolder, sshn, start } from './command.js';
import { freePort, isInstalled, tensorsOf } from './servers.js';

const scratch = scratchFolder();

/** Debian's: apt-get install redis-server. */
const hasRedis = isInstalled('redis-server');
if (!hasRedis) console.warn('redis-server is not installed: --engine bullmq is not tested');

const data = 'phantoms:cells:16:1';
const plan = `
name: queue
data: ${data}
config: { size: [16, 16], epochs: 12, architecture: { features: 2, stages: 2 }, hypernetwork: { hidden: [2] } }
grid: { seed: [1, 2, 3] }
factors: [0.5]
`;

describe.skipIf(!hasRedis)('--engine bullmq', () => {
  let server: ChildProcess;
  let redis: string;
  beforeAll(async () => {
    const port = await freePort();
    redis = `redis://127.0.0.1:${port}`;
    const words = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', scratch.path];
    server = spawn('redis-server', words, { stdio: 'ignore' });
  });
  afterAll(() => {
    server.kill();
  });

  test('three workers share the cells; one that is killed is replaced, and its training goes on to the same weights', async () => {
    await writeFile(join(scratch.path, 'queue.yaml'), plan);
    const words = ['queue.yaml', '-o', 'out', '--redis', redis, '--jobs', '1', '--lease', '2'];
    const workers = [1, 2, 3].map(() => start(['experiment', 'work', ...words], scratch.path));
    const cells = join(scratch.path, 'out', 'cells');
    const begun = await firstBegun(cells);
    const { pid } = JSON.parse(await readFile(join(begun, 'run.lock'), 'utf8'));
    const killed = workers.find(({ child }) => child.pid === pid)!;
    killed.child.kill('SIGKILL');
    const left = workers.filter((worker) => worker !== killed);
    for (const { code, stdout, stderr } of await Promise.all(left.map(({ ended }) => ended)))
      expect([code, stdout + stderr]).toEqual([0, expect.stringContaining('3 of 3 done')]);

    const names = await readdir(cells);
    expect(names.length).toBe(3);
    const log = await readFile(join(begun, 'log.txt'), 'utf8');
    expect(log).toMatch(/resuming after epoch \d+ of 12/);
    const alone = ['train', data, '--config', join(begun, 'config.json'), '--out', 'alone', '--threads', '1'];
    expect((await sshn(alone, scratch.path)).code).toBe(0);
    const weights = await Promise.all(
      [join(begun, 'run'), join(scratch.path, 'alone')].map(async (folder) =>
        tensorsOf(await readFile(join(folder, 'last.safetensors'))),
      ),
    );
    expect(weights[0]!.equals(weights[1]!)).toBe(true);

    // Nothing is left to do: the report is written at once.
    const done = await sshn(['experiment', 'run', ...words, '--engine', 'bullmq'], scratch.path);
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('3 of 3 done')]);
    expect(existsSync(join(scratch.path, 'out', 'report.html'))).toBe(true);
  });

  test('an address that is none is refused', async () => {
    await writeFile(join(scratch.path, 'queue.yaml'), plan);
    const wrong = await sshn(['experiment', 'work', 'queue.yaml', '--redis', 'localhost'], scratch.path);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('redis://host:6379')]);
  });
});

/** The folder of the first cell of which three epochs are done. */
async function firstBegun(cells: string): Promise<string> {
  for (;;) {
    for (const name of await readdir(cells).catch(() => [])) {
      const folder = join(cells, name);
      const epochs = await readFile(join(folder, 'run', 'metrics.jsonl'), 'utf8').catch(() => '');
      if (epochs.split('\n').length > 3 && existsSync(join(folder, 'run.lock'))) return folder;
    }
    await setTimeout(20);
  }
}
