import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ParetoReport } from '../report/report.js';

/** Name, size and digest of a file of weights. */
export async function identify(path: string): Promise<ParetoReport['checkpoint']> {
  const bytes = await readFile(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file: basename(path), sha256, bytes: bytes.length };
}
