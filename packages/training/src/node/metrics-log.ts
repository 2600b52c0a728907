import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { writeFileAtomic } from '@sshn/model/node';
import type { EpochEvent } from '../trainer/events.js';

/** metrics.jsonl of a run folder: one line per epoch, in order. */
export class MetricsLog {
  private constructor(private readonly path: string) {}

  /**
   * Opens the log to go on with epoch `nextEpoch`: lines of later epochs, and a line cut off in the middle, are dropped.
   *
   * @throws {FileError} if the file cannot be read or written.
   */
  static async open(folder: string, nextEpoch: number): Promise<MetricsLog> {
    const log = new MetricsLog(join(folder, 'metrics.jsonl'));
    const lines = await log.lines();
    const kept = lines.filter(({ epoch }) => epoch < nextEpoch);
    await writeFileAtomic(log.path, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return log;
  }

  /** Adds an epoch. @throws {FileError} if the file cannot be written. */
  async append(event: EpochEvent): Promise<void> {
    await appendFile(this.path, `${JSON.stringify(event)}\n`).catch((cause: NodeJS.ErrnoException) => {
      throw new FileError({
        path: this.path,
        problem: `cannot be written (${cause.code})`,
        remedy: 'Free space on the disk, then run the same command: it goes on from the last checkpoint.',
        cause,
      });
    });
  }

  private async lines(): Promise<EpochEvent[]> {
    const text = await readFile(this.path, 'utf8').catch(() => '');
    return text.split('\n').flatMap((line) => {
      try {
        return [JSON.parse(line) as EpochEvent];
      } catch {
        return []; // The last line of a killed process.
      }
    });
  }
}
