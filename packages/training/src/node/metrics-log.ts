import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { fileProblem, writeFileAtomic } from '@sshn/model/node';
import type { EpochEvent } from '../trainer/events.js';

/** metrics.jsonl of a run folder: one line per epoch, in order. */
export class MetricsLog {
  private constructor(private readonly path: string) {}

  /** The epochs that a run folder has logged. @throws {FileError} if the file cannot be read. */
  static epochsIn(folder: string): Promise<EpochEvent[]> {
    return linesOf(join(folder, 'metrics.jsonl'));
  }

  /**
   * Opens the log to go on with epoch `nextEpoch`: lines of later epochs, and a line cut off in the middle, are dropped.
   *
   * @throws {FileError} if the file cannot be read or written.
   */
  static async open(folder: string, nextEpoch: number): Promise<MetricsLog> {
    const path = join(folder, 'metrics.jsonl');
    const lines = await linesOf(path);
    const log = new MetricsLog(path);
    const kept = lines.filter(({ epoch }) => epoch < nextEpoch);
    await writeFileAtomic(log.path, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return log;
  }

  /** Adds an epoch. @throws {FileError} if the file cannot be written. */
  async append(event: EpochEvent): Promise<void> {
    await appendFile(this.path, `${JSON.stringify(event)}\n`).catch((cause: unknown) => {
      throw fileProblem(this.path, cause);
    });
  }
}

async function linesOf(path: string): Promise<EpochEvent[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '';
    throw fileProblem(path, cause);
  });
  const lines = text.split('\n');
  return lines.flatMap((line, i) => {
    try {
      return [JSON.parse(line) as EpochEvent];
    } catch (cause) {
      if (i === lines.length - 1) return []; // Empty, or the last line of a killed process.
      throw new FileError({
        path,
        problem: `line ${i + 1} is damaged`,
        remedy: 'Correct or delete that line, then run the same command.',
        cause,
      });
    }
  });
}
