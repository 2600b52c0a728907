import { exitCodes } from './exit-codes.js';

/** Work that was left because the user or the system asked for it; the message says how to go on. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

const codes = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated } as const;

/** How a process was asked to stop. */
export interface Interruption {
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
 * @param onFirst Called at the first signal, to tell that the work is being put away.
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
