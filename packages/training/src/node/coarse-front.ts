import { nextTask, type ParamsOf, setting } from '@sshn/core';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import type { Manifest } from '@sshn/model';
import { knobRanges } from '../config/knobs.js';
import { inputOf } from '../config/patches.js';
import { gflopsAt } from '../evaluation/measure.js';
import { paretoFront } from '../evaluation/pareto.js';
import { factorIn } from '../methods/prior.js';
import { type Examples, taskOf } from '../tasks/of-config.js';
import type { FrontEvent } from '../trainer/events.js';
import type { RunFile } from './run-file.js';

type Table = Manifest['accuracyCost'];

/** Who hears of it, and may stop it. */
export interface Listening {
  readonly onEvent?: ((event: FrontEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A coarse front of a run with ranges of widths or resolutions, so that budgets can choose among them right after training: the factors that
 * were validated at full width and resolution, and at the middle one of them two to five smaller settings, measured on the validation images.
 *
 * @param validated The table of the validation.
 * @returns The cheapest first; `validated` itself where the run has no such range, no validation image has a label, or smaller settings are
 * in the table already. Undefined if `signal` aborts, which is looked at between settings.
 */
export async function withCoarseFront(
  validated: Table,
  { config, dataset: described }: Pick<RunFile, 'config' | 'dataset'>,
  { dataset, split }: Examples,
  { model, params }: { readonly model: Scalable; readonly params: ParamsOf<ScalableSpecs> },
  { onEvent, signal }: Listening,
): Promise<Table | undefined> {
  const { width, resolution } = knobRanges(config.knobs);
  const isMeasured = validated.some(({ width: w = 1, resolution: r = 1 }) => w !== 1 || r !== 1);
  if ((width === undefined && resolution === undefined) || validated.length === 0 || isMeasured)
    return validated;
  const { factor } = validated[Math.floor(validated.length / 2)]!;
  const widths = valuesOf(width, 3);
  const resolutions = valuesOf(resolution, width === undefined ? 3 : 2);
  const task = taskOf(config);
  const input = inputOf(config, described);
  const smaller = resolutions
    .flatMap((r) => widths.map((w) => ({ width: w, resolution: r })))
    .filter(({ width: w, resolution: r }) => w !== 1 || r !== 1);
  const table: Table[number][] = [...validated];
  for (const [i, knobs] of smaller.entries()) {
    onEvent?.({ kind: 'front', done: i, total: smaller.length });
    await nextTask(); // So that an interruption is heard.
    if (signal?.aborted === true) return undefined;
    const at = task.use(setting({ factor: factorIn(config, factor), ...knobs }));
    const { dice } = await task.accuracy(model, params, dataset, split.validation, at, config.batchSize);
    if (Number.isNaN(dice.mean)) continue;
    table.push({ factor, ...knobs, dice: dice.mean, gflops: gflopsAt(model, input, at), milliseconds: null });
  }
  const isOnFront = paretoFront(table.map(({ gflops, dice }) => ({ cost: gflops, value: dice })));
  return table.filter((_, i) => isOnFront[i]).sort((a, b) => a.gflops - b.gflops);
}

/** So many values of a range, the largest first; 1 alone of none. */
function valuesOf(range: readonly [number, number] | undefined, count: number): number[] {
  if (range === undefined) return [1];
  const [low, high] = range;
  const values = Array.from({ length: count }, (_, i) => {
    const share = i / (count - 1);
    return high * (1 - share) + low * share; // Exact at both ends.
  });
  return [...new Set(values)];
}
