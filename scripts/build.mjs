// Builds every package, two at a time: JavaScript by each package's own `build`, declarations by one compiler for all.
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { emitDeclarations, placeDeclarations } from './declarations.mjs';
import { repository } from './run-from-sources.mjs';

const folder = join(repository, 'packages');
const waiting = readdirSync(folder);

async function build(directory) {
  const pnpm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['pnpm'];
  const [program, ...args] = [...pnpm, '--dir', join(folder, directory), 'run', 'build'];
  await promisify(execFile)(program, args, { maxBuffer: 2 ** 26 }).catch(({ stdout, stderr }) => {
    throw new Error(`${directory} could not be built:\n${stdout}${stderr}`);
  });
  placeDeclarations(directory);
  console.log(`built @sshn/${directory}`);
}

async function buildWaiting() {
  for (let directory = waiting.shift(); directory !== undefined; directory = waiting.shift())
    await build(directory);
}

emitDeclarations();
await Promise.all([buildWaiting(), buildWaiting()]);
