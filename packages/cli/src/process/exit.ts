import { SshnError } from '@sshn/core';
import { fileProblem } from '@sshn/model/node';
import { exitCodes } from '../program-help.js';
import { printable } from '../terminal/text.js';

/**
 * What to print about an error: one line for bad input, for an error of the system and for too little memory, the stack for a defect of sshn.
 *
 * @param diagnostics Lines about versions and the machine, to go with a report of a defect.
 */
export function explainFailure(error: unknown, diagnostics: () => string): string {
  const known = isSystemError(error) ? fileProblem(error.path ?? error.syscall, error) : error;
  if (known instanceof SshnError) return `error: ${printable(known.message, '\n')}`;
  if (
    error instanceof RangeError &&
    /array length|buffer allocation|allocation failed/i.test(error.message)
  ) {
    return `error: this needs more memory than there is (${error.message}). Choose a smaller --size, --features or --batch-size.`;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${printable(stack, '\n')}\n\nThis is a defect of sshn, not of your input. Please report it with the text above and this:\n${diagnostics()}`;
}

interface SystemError extends NodeJS.ErrnoException {
  readonly code: string;
  readonly syscall: string;
}

/** Whether an error comes from the operating system, as that of a file that is not there does. */
export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && 'syscall' in error && typeof error.code === 'string';
}

/** Work that was left because the user or the system asked for it; the message says how to go on. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

const codes = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated } as const;

/** How a process was asked to stop. */
interface Interruption {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** The exit code for the signal that came; 130 before one did. */
  exitCode(): number;
  /** Gives the signals back to Node. */
  dispose(): void;
}

/**
 * Turns SIGINT (Ctrl-C) and SIGTERM into an abort signal; the second one ends the process at once.
 *
 * @param onFirst Called at the first signal, to say that the work is being saved.
 */
export function listenForInterruption(
  onFirst: () => void,
  process: NodeJS.Process = globalThis.process,
): Interruption {
  const controller = new AbortController();
  let code: number = exitCodes.interrupted;
  const handle = (name: NodeJS.Signals): void => {
    code = codes[name as keyof typeof codes];
    if (controller.signal.aborted) process.exit(code);
    controller.abort(new Interrupted(name));
    onFirst();
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return {
    signal: controller.signal,
    exitCode: () => code,
    dispose: () => {
      process.off('SIGINT', handle);
      process.off('SIGTERM', handle);
    },
  };
}
