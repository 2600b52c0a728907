#!/usr/bin/env node
import { runCommandLine } from './command-line.js';
import { exitCodes } from './program-help.js';

// A reader that has seen enough, such as `head`, closes the pipe: not a failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failure);
});
void runCommandLine(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
