// Builds every package after those that it depends on, two at a time. Dependencies of tests alone do not count: they may go
// round in circles (the tests of trace use hypernet, those of hypernet use flops), which pnpm's own order does not survive.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from './run-from-sources.mjs';

const folder = join(repository, 'packages');
const waiting = new Map(
  readdirSync(folder).map((directory) => {
    const { name, dependencies = {} } = JSON.parse(
      readFileSync(join(folder, directory, 'package.json'), 'utf8'),
    );
    return [
      name,
      { directory, needs: Object.keys(dependencies).filter((other) => other.startsWith('@sshn/')) },
    ];
  }),
);
const done = new Set();
const running = new Map();

async function build(name, directory) {
  const pnpm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['pnpm'];
  const [program, ...args] = [...pnpm, '--dir', join(folder, directory), 'run', 'build'];
  await promisify(execFile)(program, args, { maxBuffer: 2 ** 26 }).catch(({ stdout, stderr }) => {
    throw new Error(`${name} could not be built:\n${stdout}${stderr}`);
  });
  console.log(`built ${name}`);
  done.add(name);
  running.delete(name);
}

while (waiting.size > 0 || running.size > 0) {
  for (const [name, { directory, needs }] of waiting) {
    if (running.size >= 2 || !needs.every((other) => done.has(other))) continue;
    waiting.delete(name);
    running.set(name, build(name, directory));
  }
  if (running.size === 0) throw new Error(`packages that need each other: ${[...waiting.keys()].join(', ')}`);
  await Promise.race(running.values());
}
