import { CommanderError } from 'commander';
import { diagnostics } from './process/diagnostics.js';
import { exitCodes } from './process/exit-codes.js';
import { explainFailure } from './process/explain-failure.js';
import { createProgram } from './program.js';

/**
 * Runs a command line.
 *
 * @param args Without the name of the program.
 * @returns The exit code; see `exitCodes`.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    process.stderr.write(`${explainFailure(error, diagnostics)}\n`);
    return exitCodes.failure;
  }
}
