import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { readTensors, writeTensors } from '../work/tensor-file.js';
import { Absent, type PeerProgram, type Prepared, Unsupported } from './program.js';
import type { Reply, Request } from './protocol.js';

/**
 * The life of a peer's process: starts, then does what it is asked on standard input until that ends.
 *
 * The number of threads is the process' only argument.
 */
export async function serve(program: PeerProgram): Promise<void> {
  // Standard output belongs to the protocol.
  console.log = console.info = console.error;
  try {
    reply({ kind: 'ready', version: await program.start(Number(process.argv[2])) });
  } catch (error) {
    return reply({ kind: error instanceof Absent ? 'absent' : 'failed', reason: reasonOf(error) });
  }
  let prepared: Prepared | undefined;

  const answer = async (request: Request): Promise<Reply> => {
    switch (request.op) {
      case 'prepare':
        prepared = await program.prepare(
          request.job,
          await readTensors(request.inputs),
          request.model === undefined ? undefined : await readFile(request.model),
        );
        await writeTensors(request.outputs, await prepared.outputs());
        return { kind: 'done' };
      case 'time':
        return { kind: 'timed', ms: await time(prepared!, request.iterations) };
      case 'release':
        await prepared?.release();
        prepared = undefined;
        return { kind: 'done' };
    }
  };
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      reply(await answer(JSON.parse(line)));
    } catch (error) {
      reply({ kind: error instanceof Unsupported ? 'unsupported' : 'failed', reason: reasonOf(error) });
    }
  }
  process.exit();
}

async function time(prepared: Prepared, iterations: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < iterations; i++) {
    const pending = prepared.run();
    if (pending !== undefined) await pending;
  }
  return (performance.now() - start) / iterations;
}

function reply(message: Reply): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
