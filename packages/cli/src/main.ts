#!/usr/bin/env node
import module from 'node:module';
import { runCommandLine } from './command-line.js';
import { exitCodes, predictorWord } from './program-help.js';

// From Node 22 on: what commands load is compiled once, and kept in the folder for temporary files (or NODE_COMPILE_CACHE).
(module as { enableCompileCache?: () => void }).enableCompileCache?.();

// A reader that has seen enough, such as `head`, closes the pipe: this is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failure);
});
if (process.argv[2] === predictorWord && process.send !== undefined)
  void import('./predict/processes.js').then(({ servePredictor }) => servePredictor());
else {
  // Started by `sshn experiment`, which is gone: stop as after SIGTERM, with a checkpoint.
  if (process.channel !== undefined) {
    process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
    process.channel.unref();
  }
  void runCommandLine(process.argv.slice(2)).then((exitCode) => {
    process.exitCode = exitCode;
  });
}
