import { parseArgs } from 'node:util';
import { requireIntegers, ValueError } from '@sshn/core';

/** What a run is asked to do. */
export interface Settings {
  /** A name of work, or the beginning of several; undefined for all. */
  readonly only: string | undefined;
  /** File for the rows. */
  readonly json: string | undefined;
  /** Whether the tables of this machine are written into `results`. */
  readonly markdown: boolean;
  readonly repeats: number;
  readonly threads: readonly number[];
  readonly help: boolean;
}

export const usage = `pnpm bench [options]

  --only NAME      one piece of work, or all whose names begin with NAME
  --repeats N      turns of each contender (default 15)
  --threads 1,2    threads to measure on (default 1,2)
  --json FILE      write the rows: { work, peer, threads, peerMs, oursMs, ratio, … }
  --markdown       write the tables of this machine into benchmarks/results; not with --only
  --help`;

/**
 * Reads the command line.
 *
 * @throws {TypeError} from Node, for an unknown option. @throws {ValueError} for a value that is none.
 */
export function parseCommandLine(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      only: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      repeats: { type: 'string', default: '15' },
      threads: { type: 'string', default: '1,2' },
      help: { type: 'boolean', default: false },
    },
  });
  const repeats = Number(values.repeats);
  const threads = values.threads.split(',').map(Number);
  requireIntegers('--repeats', { repeats });
  requireIntegers('--threads', Object.fromEntries(threads.map((count, i) => [`count ${i}`, count])));
  if (values.markdown && values.only !== undefined) {
    throw new ValueError({
      where: '--markdown',
      got: `--only ${values.only}`,
      expected: 'all work, as tables of a machine hold all',
    });
  }
  const { only, json, markdown, help } = values;
  return { only, json, markdown, help, repeats, threads };
}
