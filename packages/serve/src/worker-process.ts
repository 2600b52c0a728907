import { type ChildProcess, fork } from 'node:child_process';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileError, SshnError } from '@sshn/core';
import type { Fault, WorkerOptions } from './protocol.js';

/** Starts a process that opens models and predicts; it answers with the messages of `protocol.ts`. */
export function startWorker(options: WorkerOptions): ChildProcess {
  const child = fork(workerProgram(), { serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'] });
  // A write to a process that has just died fails; its exit is what counts.
  child.on('error', () => {});
  child.send({ kind: 'open', options }, () => {});
  return child;
}

/** Beside this file, in sources and in what is built of them. */
function workerProgram(): string {
  const here = typeof __filename === 'string' ? __filename : fileURLToPath(import.meta.url);
  return join(dirname(here), `worker${extname(here)}`);
}

/** Why a worker process could not open the models. */
export function startError({ file, message }: Fault): Error {
  return file === undefined ? new WorkerStartError(message) : new FileError(file);
}

/** A worker process cannot open the models. */
export class WorkerStartError extends SshnError {
  override readonly name = 'WorkerStartError';
}
