import { ourName } from '../peers/index.js';
import type { Timing } from './statistics.js';

/** One comparison: what `--json` writes. */
export interface Row {
  readonly work: string;
  readonly peer: string;
  /** Threads that ours ran on; the peer ran on as many, or on one where it has no more. */
  readonly threads: number;
  /** Median milliseconds; null where there is no peer for the work. */
  readonly peerMs: number | null;
  readonly oursMs: number;
  /** `peerMs / oursMs`: how many times faster ours is. */
  readonly ratio: number | null;
  /** Quartiles of the timings, in milliseconds. */
  readonly peerSpread: readonly [number, number] | null;
  readonly oursSpread: readonly [number, number];
}

/** Compares two timings. */
export function rowOf(
  { work, peer, threads }: Pick<Row, 'work' | 'peer' | 'threads'>,
  theirs: Timing | undefined,
  ours: Timing,
): Row {
  return {
    work,
    peer,
    threads,
    peerMs: theirs?.median ?? null,
    oursMs: ours.median,
    ratio: theirs === undefined ? null : theirs.median / ours.median,
    peerSpread: theirs?.spread ?? null,
    oursSpread: ours.spread,
  };
}

/** A contender's timing. */
export interface Timed {
  readonly label: string;
  readonly threads: number;
  /** Whether it has one thread only, and is compared with ours on any. */
  readonly isSingle: boolean;
  readonly timing: Timing;
}

/** What ours on several threads is compared with besides. */
export const oursOnOneThread = `${ourName}, 1 thread`;

/** Pairs ours with every peer on as many threads, or on one where it has no more; and with ours on one. */
export function rowsOf(work: string, timed: readonly Timed[]): Row[] {
  const mine = timed.filter(({ label }) => label === ourName);
  return mine.flatMap(({ threads, timing }) => {
    const rows = timed.flatMap((entry) => {
      if (entry.label !== ourName) {
        const isPair = entry.threads === threads || entry.isSingle;
        return isPair ? [rowOf({ work, peer: entry.label, threads }, entry.timing, timing)] : [];
      }
      const isBase = entry.threads === 1 && threads > 1;
      return isBase ? [rowOf({ work, peer: oursOnOneThread, threads }, entry.timing, timing)] : [];
    });
    return rows.length > 0 ? rows : [rowOf({ work, peer: 'none', threads }, undefined, timing)];
  });
}
