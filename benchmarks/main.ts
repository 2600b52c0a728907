import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseCommandLine, usage } from './command-line.js';
import { describeMachine, machineKey } from './report/machine.js';
import { markdownReport } from './report/markdown.js';
import { notesOf } from './report/notes.js';
import { tableHead, tableLine } from './report/table.js';
import { run } from './runner/run.js';
import { startTeam } from './runner/team.js';
import { workNamed } from './work/index.js';

const TURN_MS = 20;
const WARM_UP_MS = 1000;
const PAUSE_MS = 15;
const MOST_MS = 12_000;

const settings = parseCommandLine(process.argv.slice(2));
if (settings.help) console.log(usage);
else await bench();

async function bench(): Promise<void> {
  const { only, repeats, threads, json, markdown } = settings;
  const works = workNamed(only);
  console.log(describeMachine());
  const team = await startTeam(threads);
  try {
    for (const [name, version] of team.versions) console.log(`${name}: ${version || 'there'}`);
    for (const [name, reason] of team.absent) console.log(`${name}: absent: ${reason}`);
    console.log(`\n${tableHead()}`);
    const options = { repeats, turnMs: TURN_MS, warmUpMs: WARM_UP_MS, pauseMs: PAUSE_MS, mostMs: MOST_MS };
    const outcome = await run(works, team, options, (_work, { rows }) => {
      for (const row of rows) console.log(tableLine(row));
    });
    console.log(`\n${notesOf(outcome).join('\n')}`);
    const rows = outcome.results.flatMap(({ measurement }) => measurement.rows);
    if (json !== undefined) await writeFile(json, `${JSON.stringify(rows, null, 2)}\n`);
    if (markdown) {
      const file = fileURLToPath(new URL(`results/${machineKey()}.md`, import.meta.url));
      await writeFile(file, markdownReport(outcome));
      console.log(`\n${file}`);
    }
    if (outcome.results.some(({ measurement: { rows, wrong } }) => wrong.size > 0 || rows.length === 0))
      process.exitCode = 1;
  } finally {
    team.close();
  }
}
