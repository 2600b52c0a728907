import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scratchFolder, sshn } from './command.js';
import { freePort, isInstalled, tensorsOf } from './servers.js';

const scratch = scratchFolder();

/** Debian's: apt-get install slurm-wlm munge. Its daemons want to be root. */
const hasSlurm =
  process.getuid?.() === 0 &&
  ['slurmctld', 'slurmd', 'sbatch', 'munged'].every((program) => isInstalled(program));
if (!hasSlurm)
  console.warn('slurm-wlm and munge are not installed, or this is not root: --engine slurm is not tested');

const data = 'phantoms:cells:16:1';
const plan = `
name: array
data: ${data}
config: { size: [16, 16], epochs: 12, architecture: { features: 2, stages: 2 }, hypernetwork: { hidden: [2] } }
grid: { seed: [1, 2] }
factors: [0.5]
`;

describe.skipIf(!hasSlurm)('--engine slurm', () => {
  const daemons: ChildProcess[] = [];
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    env = { SLURM_CONF: await startCluster(scratch.path, daemons) };
  });
  afterAll(async () => {
    for (const daemon of [...daemons].reverse()) daemon.kill('SIGKILL');
    await setTimeout(200);
  });

  test('a job array trains the cells; a task that is requeued goes on to the same weights', async () => {
    await writeFile(join(scratch.path, 'array.yaml'), plan);
    const out = join(scratch.path, 'out');
    const words = ['experiment', 'run', 'array.yaml', '-o', 'out', '--engine', 'slurm'];
    const { code, stdout } = await sshn([...words, '--slurm', '--no-kill'], scratch.path, env);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^Job \d+: 2 of 2 cells\. Follow it with: sshn /),
    ]);
    const job = stdout.match(/^Job (\d+)/)![1]!;
    const cell = join(out, 'cells', 'method=sshn_seed=2');
    await until(async () => (await epochsIn(cell)) > 2);
    execFileSync('scontrol', ['requeue', `${job}_1`], { env: { ...process.env, ...env } });
    await until(() => isDone(cell) && isDone(join(out, 'cells', 'method=sshn_seed=1')));

    expect(await readFile(join(cell, 'log.txt'), 'utf8')).toMatch(/resuming after epoch \d+ of 12/);
    const alone = ['train', data, '--config', join(cell, 'config.json'), '--out', 'alone', '--threads', '1'];
    expect((await sshn(alone, scratch.path)).code).toBe(0);
    const [first, second] = await Promise.all(
      [join(cell, 'run'), join(scratch.path, 'alone')].map(async (folder) =>
        tensorsOf(await readFile(join(folder, 'last.safetensors'))),
      ),
    );
    expect(first!.equals(second!)).toBe(true);
    const again = await sshn(words, scratch.path, env);
    expect(again.stdout).toContain('All 2 cells are done');
  });
});

test('without Slurm the array is written, and said where it is', async () => {
  await writeFile(join(scratch.path, 'array.yaml'), plan);
  const words = ['experiment', 'run', 'array.yaml', '-o', 'my runs', '--engine', 'slurm', '--jobs', '1'];
  const { code, stderr } = await sshn(words, scratch.path, { PATH: '/nowhere' });
  expect([code, stderr]).toEqual([1, expect.stringContaining('sbatch is not on this machine')]);
  const script = await readFile(join(scratch.path, 'my runs', 'slurm.sh'), 'utf8');
  expect(script).toContain('#SBATCH --array=0-1%1\n');
  expect(script).toContain('#SBATCH --requeue\n');
  expect(script).toContain("  'method=sshn_seed=1'\n".replaceAll("'", ''));
  execFileSync('bash', ['-n', join(scratch.path, 'my runs', 'slurm.sh')]);
  const wrong = ['experiment', 'work', 'array.yaml', '--cell', 'seed=7'];
  expect((await sshn(wrong, scratch.path)).stderr).toContain('the name of a cell of the experiment');
});

/** Starts munge, the controller and one node with two places, all in a folder; gives the path of their configuration. */
async function startCluster(folder: string, daemons: ChildProcess[]): Promise<string> {
  const at = (name: string) => join(folder, name);
  const host = hostname().split('.')[0]!;
  await Promise.all(['state', 'spool'].map((name) => mkdir(at(name), { recursive: true })));
  await writeFile(at('munge.key'), randomBytes(1024), { mode: 0o400 });
  const [controller, node] = [await freePort(), await freePort()];
  const settings = {
    ClusterName: 'test',
    SlurmctldHost: `${host}(127.0.0.1)`,
    SlurmUser: 'root',
    SlurmdUser: 'root',
    // A requeued task waits until its first credential has expired: by default two minutes.
    AuthInfo: `socket=${at('munge.socket')},cred_expire=5`,
    SlurmctldPort: controller,
    SlurmdPort: node,
    StateSaveLocation: at('state'),
    SlurmdSpoolDir: at('spool'),
    SlurmctldPidFile: at('slurmctld.pid'),
    SlurmdPidFile: at('slurmd.pid'),
    SlurmctldLogFile: at('slurmctld.log'),
    SlurmdLogFile: at('slurmd.log'),
    ProctrackType: 'proctrack/linuxproc',
    TaskPlugin: 'task/none',
    JobAcctGatherType: 'jobacct_gather/none',
    MpiDefault: 'none',
    SelectType: 'select/cons_tres',
    SelectTypeParameters: 'CR_CPU',
    SchedulerParameters: 'sched_interval=1,bf_interval=1',
    SlurmdParameters: 'config_overrides',
    ReturnToService: 2,
    KillWait: 10,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  const nodes = [
    `NodeName=${host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN`,
    'PartitionName=all Nodes=ALL Default=YES State=UP',
  ];
  await writeFile(at('slurm.conf'), [...lines, ...nodes, ''].join('\n'));
  const env = { ...process.env, SLURM_CONF: at('slurm.conf') };
  const daemon = (program: string, words: readonly string[]) =>
    daemons.push(spawn(program, words, { stdio: 'ignore', env }));
  daemon('munged', [
    ...['--force', '--foreground', `--key-file=${at('munge.key')}`, `--socket=${at('munge.socket')}`],
    ...[
      `--pid-file=${at('munged.pid')}`,
      `--log-file=${at('munged.log')}`,
      `--seed-file=${at('munged.seed')}`,
    ],
  ]);
  await until(() => existsSync(at('munge.socket')));
  daemon('slurmctld', ['-D']);
  daemon('slurmd', ['-D', '-N', host]);
  await until(() => {
    try {
      return (
        execFileSync('sinfo', ['--noheader', '--format=%T'], { env, stdio: 'pipe' }).toString().trim() ===
        'idle'
      );
    } catch {
      return false;
    }
  });
  return at('slurm.conf');
}

function isDone(cell: string): boolean {
  return existsSync(join(cell, 'results.json'));
}

async function epochsIn(cell: string): Promise<number> {
  const log = await readFile(join(cell, 'run', 'metrics.jsonl'), 'utf8').catch(() => '');
  return log.split('\n').length - 1;
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await setTimeout(50);
}
