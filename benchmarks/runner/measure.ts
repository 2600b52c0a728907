import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ourName } from '../peers/index.js';
import type { PeerProcess } from '../peers/process.js';
import { onnxModelOf } from '../work/onnx-model.js';
import { readTensors, writeTensors } from '../work/tensor-file.js';
import type { Work } from '../work/work.js';
import { largestDifference, toleranceOf } from './agreement.js';
import { type AlternateOptions, alternate, type Contender } from './alternate.js';
import { type Row, rowsOf } from './row.js';
import { summarize } from './statistics.js';
import type { Team } from './team.js';

/** What comes of a piece of work. */
export interface Measurement {
  readonly rows: readonly Row[];
  /** Peers that have no means for it, and why. */
  readonly unsupported: ReadonlyMap<string, string>;
  /** Peers that gave no result or another one than ours: they are not timed. */
  readonly wrong: ReadonlyMap<string, string>;
  /** How far peers' results are from ours, relative to the largest value: the worst tensor of each. */
  readonly differences: ReadonlyMap<string, number>;
}

/** A process that has the work before it. */
interface Entrant extends Contender {
  readonly label: string;
  readonly threads: number;
  /** Whether it has one thread only, and is compared with ours on any. */
  readonly isSingle: boolean;
  readonly outputs: string;
}

/**
 * Lets ours and all peers do one piece of work: first once, to see that all get the same, then in turn against the clock.
 *
 * @param folder Where tensors are exchanged.
 */
export async function measure(
  work: Work,
  team: Team,
  folder: string,
  options: AlternateOptions,
): Promise<Measurement> {
  const inputs = join(folder, 'inputs.safetensors');
  const tensors = work.inputs();
  await writeTensors(inputs, tensors);
  const network = await onnxModelOf(work.job, tensors);
  const model = network === undefined ? undefined : join(folder, 'model.onnx');
  if (network !== undefined) await writeFile(model!, network);
  const unsupported = new Map<string, string>();
  const wrong = new Map<string, string>();
  const entrants: Entrant[] = [];

  for (const [i, member] of team.members.entries()) {
    const outputs = join(folder, `outputs-${i}.safetensors`);
    const reply = await member.ask({
      op: 'prepare',
      job: work.job,
      inputs,
      outputs,
      ...(model === undefined ? {} : { model }),
    });
    if (reply.kind === 'done') entrants.push(entrant(member, outputs));
    else if (reply.kind === 'unsupported') unsupported.set(member.peer.name, reply.reason);
    else if (reply.kind === 'failed') wrong.set(member.peer.name, reply.reason);
  }
  const { agreeing, differences } = await compare(entrants, toleranceOf(work.job), wrong);
  const timings = await alternate(agreeing, options);
  const rows = rowsOf(
    work.name,
    agreeing.map((entry, i) => ({ ...entry, timing: summarize(timings[i]!) })),
  );
  for (const member of team.members) await member.ask({ op: 'release' });
  return { rows, unsupported, wrong, differences };
}

function entrant(member: PeerProcess, outputs: string): Entrant {
  const { peer, threads } = member;
  return {
    label: peer.name,
    threads,
    isSingle: peer.threads === 'one',
    outputs,
    async time(iterations) {
      const reply = await member.ask({ op: 'time', iterations });
      if (reply.kind === 'timed') return reply.ms;
      throw new Error(`${peer.name}, ${threads} thread(s): ${JSON.stringify(reply)}`);
    },
  };
}

/** Keeps those whose results are ours; a peer without results, as the limit, has none that could differ. */
async function compare(
  entrants: readonly Entrant[],
  tolerance: number,
  wrong: Map<string, string>,
): Promise<{ agreeing: Entrant[]; differences: Map<string, number> }> {
  const differences = new Map<string, number>();
  const reference = entrants.find(({ label }) => label === ourName);
  if (reference === undefined) return { agreeing: [], differences };
  const expected = await readTensors(reference.outputs);
  const agreeing: Entrant[] = [];
  for (const candidate of entrants) {
    const found = await readTensors(candidate.outputs);
    if (candidate !== reference && found.size > 0) {
      const { name, relative } = largestDifference(found, expected);
      if (relative > tolerance) {
        wrong.set(candidate.label, `'${name}' differs by ${relative.toExponential(1)} of its largest value`);
        continue;
      }
      if (candidate.label !== ourName)
        differences.set(candidate.label, Math.max(relative, differences.get(candidate.label) ?? 0));
    }
    agreeing.push(candidate);
  }
  return { agreeing, differences };
}
