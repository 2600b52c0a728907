import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '@sshn/model/node';
import type { FactorResult } from '@sshn/training';
import { z } from 'zod';
import { resultSchema } from './result-json.js';

const fileSchema = z.object({ key: z.string(), results: z.array(resultSchema) });

/**
 * Results of factors that were evaluated before, in a file: an interrupted sweep goes on, a finer one adds to a coarser.
 *
 * They are kept for one key (weights, data, split, machine): under another, the file is begun anew.
 */
export class KeptResults {
  readonly #results: Map<number, FactorResult>;

  private constructor(
    readonly path: string,
    readonly key: string,
    results: readonly FactorResult[],
  ) {
    this.#results = new Map(results.map((result) => [result.factor, result]));
  }

  /** Opens the file; one that is absent, damaged or of another key holds nothing. */
  static async open(path: string, key: string): Promise<KeptResults> {
    const text = await readFile(path, 'utf8').catch(() => '');
    return new KeptResults(path, key, resultsIn(text, key));
  }

  /** An empty file at its first `keep`, whatever is there now. */
  static empty(path: string, key: string): KeptResults {
    return new KeptResults(path, key, []);
  }

  get(factor: number): FactorResult | undefined {
    return this.#results.get(factor);
  }

  /** Adds results, on disk before it returns. @throws {FileError} if the file cannot be written. */
  async keep(results: readonly FactorResult[]): Promise<void> {
    for (const result of results) this.#results.set(result.factor, result);
    const all = [...this.#results.values()].sort((a, b) => a.factor - b.factor);
    await writeFileAtomic(this.path, `${JSON.stringify({ key: this.key, results: all })}\n`);
  }
}

function resultsIn(text: string, key: string): FactorResult[] {
  try {
    const file = fileSchema.parse(JSON.parse(text));
    return file.key === key ? file.results : [];
  } catch {
    return [];
  }
}
