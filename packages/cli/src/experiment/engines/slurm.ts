import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { SshnError } from '@sshn/core';
import { writeFileAtomic } from '@sshn/model/node';
import { type MemoryFlags, memoryWords } from '../../run/memory.js';
import { shellQuoted } from '../../terminal/text.js';
import { stateOf } from '../cells.js';
import type { Plan } from '../plan.js';

/** How cells become a job array. */
export interface SlurmOptions {
  /** The experiment's file and folder. */
  readonly file: string;
  readonly out: string;
  /** Cells at a time in all. @default as many as the cluster has room for */
  readonly jobs?: number;
  /** Cores of a cell. */
  readonly threads: number;
  readonly keep?: MemoryFlags;
  /** Further options of sbatch: '--partition=gpu --time=8:00:00'. */
  readonly options?: string;
}

/** A job array that was submitted, or what could be. */
export interface Submitted {
  readonly script: string;
  /** Of the array; undefined where there was nothing left to do. */
  readonly job?: string;
  readonly cells: number;
}

/** Slurm cannot be used. */
class SlurmError extends SshnError {
  override readonly name = 'SlurmError';
}

/**
 * Writes OUT/slurm.sh, a job array with a task for each cell that is not done, and submits it. A task that Slurm requeues, or that is
 * submitted again, goes on from the last checkpoint: the script holds names of cells, and nothing that wears out.
 *
 * @throws {SlurmError} if sbatch is not there or refuses; the script is there then, too.
 */
export async function submitToSlurm(plan: Plan, options: SlurmOptions): Promise<Submitted> {
  const states = await Promise.all(plan.cells.map(stateOf));
  const names = plan.cells.filter((_, i) => states[i]!.kind !== 'done').map(({ name }) => name);
  const script = resolve(options.out, 'slurm.sh');
  if (names.length === 0) return { script, cells: 0 };
  await writeFileAtomic(script, scriptOf(plan.name, names, options));
  try {
    const { stdout } = await promisify(execFile)('sbatch', ['--parsable', script]);
    return { script, job: stdout.trim().split(';')[0]!, cells: names.length };
  } catch (cause) {
    const { code, stderr } = cause as NodeJS.ErrnoException & { readonly stderr?: string };
    const why = code === 'ENOENT' ? 'sbatch is not on this machine' : (stderr?.trim() ?? String(cause));
    throw new SlurmError(
      `--engine slurm: ${why.replace(/\.$/, '')}. The job array is in ${script}: submit it where Slurm is, with sbatch.`,
      { cause },
    );
  }
}

/** The script of the array. */
export function scriptOf(
  name: string,
  cells: readonly string[],
  { file, out, jobs, threads, keep = {}, options }: SlurmOptions,
): string {
  const folder = resolve(out);
  const program = [process.execPath, ...process.execArgv, resolve(process.argv[1]!)].map(shellQuoted);
  const { cache } = keep;
  const images = memoryWords({ ...keep, ...(cache === undefined ? {} : { cache: resolve(cache) }) });
  const place = ['experiment', 'work', resolve(file), '-o', folder];
  const words = [...place, '--threads', `${threads}`, ...images].map(shellQuoted);
  return `#!/bin/bash
#SBATCH --job-name=${`sshn-${name}`.replace(/[^\w.-]/g, '-')}
#SBATCH --array=0-${cells.length - 1}${jobs === undefined ? '' : `%${jobs}`}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=${threads}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=${folder.replaceAll('%', '%%')}/slurm-%A_%a.log
${options === undefined ? '' : `#SBATCH ${options}\n`}cells=(
${cells.map((cell) => `  ${shellQuoted(cell)}`).join('\n')}
)
# Replaces the shell, so that the signals of Slurm reach it: it stops with a checkpoint.
exec ${program.join(' ')} ${words.join(' ')} --cell "\${cells[$SLURM_ARRAY_TASK_ID]}"
`;
}
