import { SshnError } from '@sshn/core';
import type { z } from 'zod';

/** Data of a program's own that does not fit its schema: lists every fault with its path. */
export class SchemaError extends SshnError {
  override readonly name = 'SchemaError';
  readonly faults: ReadonlyArray<{ readonly path: string; readonly message: string }>;

  constructor(what: string, error: z.ZodError) {
    super(`${what}: ${describeFaults(error)}.`);
    this.faults = error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  }
}

/** All that a schema found wrong, in one line: `labels.0.name: …; prior.low: …`. */
export function describeFaults(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}
