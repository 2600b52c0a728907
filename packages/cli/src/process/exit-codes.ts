/** What the command's exit code says. */
export const exitCodes = {
  ok: 0,
  /** The input or the run failed; one line says why. */
  failure: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** Ctrl-C; a checkpoint or partial results are kept. 128 + SIGINT. */
  interrupted: 130,
  /** SIGTERM, likewise. 128 + SIGTERM. */
  terminated: 143,
} as const;
