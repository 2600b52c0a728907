import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { requireIntegers } from '@sshn/core';
import { gpuRoster } from './peers/index.js';
import { notesOf } from './report/notes.js';
import { tableHead, tableLine } from './report/table.js';
import { run } from './runner/run.js';
import { startTeam } from './runner/team.js';
import { gpuWork, tinyGpuWork } from './work/gpu.js';

const usage = `pnpm bench:gpu [options]

Times training steps and inference on a GPU, in Node on Dawn (npm webgpu, a Vulkan driver), side by side with PyTorch on the
same card (python3 with CUDA; another one is taken from the variable PYTHON).

  --tiny         tiny sizes, for machines that compute WebGPU in software
  --only NAME    work whose name begins so
  --repeats N    turns of each contender (default 15)
  --budget S     begin no work after so many seconds (default 240)
  --json FILE    write the rows, and the notes below the table
  --help`;

const { values: flags } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    tiny: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    repeats: { type: 'string', default: '15' },
    budget: { type: 'string', default: '240' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (flags.help) console.log(usage);
else await bench();

async function bench(): Promise<void> {
  const [repeats, budget] = [Number(flags.repeats), Number(flags.budget)];
  requireIntegers('pnpm bench:gpu', { repeats, budget });
  const works = (flags.tiny ? tinyGpuWork : gpuWork).filter(({ name }) => name.startsWith(flags.only));
  const team = await startTeam([1], gpuRoster);
  try {
    for (const [name, version] of team.versions) console.log(`${name}: ${version}`);
    for (const [name, reason] of team.absent) console.log(`${name}: absent: ${reason}`);
    console.log(`\n${tableHead()}`);
    const options = { repeats, turnMs: 50, warmUpMs: 500, pauseMs: 5, mostMs: 8000 };
    const outcome = await run(
      works,
      team,
      options,
      (_work, { rows }) => {
        for (const row of rows) console.log(tableLine(row));
      },
      1000 * budget,
    );
    const notes = notesOf(outcome);
    console.log(`\n${notes.join('\n')}`);
    const rows = outcome.results.flatMap(({ measurement }) => measurement.rows);
    const versions = Object.fromEntries(team.versions);
    if (flags.json !== undefined)
      await writeFile(flags.json, `${JSON.stringify({ versions, rows, notes }, null, 2)}\n`);
    if (rows.length === 0) process.exitCode = 1;
  } finally {
    team.close();
  }
}
