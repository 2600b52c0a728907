import { type ParamsOf, setting } from '@sshn/core';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import type { Manifest } from '@sshn/model';
import { knobRanges } from '../config/knobs.js';
import { inputOf } from '../config/patches.js';
import { gflopsAt } from '../evaluation/measure.js';
import { paretoFront } from '../evaluation/pareto.js';
import { factorIn, priorOf, representativeFactors } from '../methods/prior.js';
import { type Examples, taskOf } from '../tasks/of-config.js';
import type { RunFile } from './run-file.js';

type Table = Manifest['accuracyCost'];

/**
 * A coarse front of a run with ranges of widths or resolutions, so that budgets can choose among them right after training: the factors that
 * were validated at full width and resolution, and at the middle one of them two to five smaller settings, measured on the validation images.
 *
 * @param validated The table of the validation.
 * @returns The cheapest first; `validated` itself where the run has no such range, no validation image has a label, or smaller settings are
 * in the table already.
 */
export async function withCoarseFront(
  validated: Table,
  { config, dataset: described }: Pick<RunFile, 'config' | 'dataset'>,
  { dataset, split }: Examples,
  { model, params }: { readonly model: Scalable; readonly params: ParamsOf<ScalableSpecs> },
): Promise<Table> {
  const { width, resolution } = knobRanges(config.knobs);
  const isMeasured = validated.some(({ width: w = 1, resolution: r = 1 }) => w !== 1 || r !== 1);
  if ((width === undefined && resolution === undefined) || validated.length === 0 || isMeasured)
    return validated;
  const factors = config.validation.factors ?? representativeFactors(priorOf(config));
  const factor = [factors[Math.floor(factors.length / 2)]!].flat()[0]!;
  const widths = valuesOf(width, 3);
  const resolutions = valuesOf(resolution, width === undefined ? 3 : 2);
  const task = taskOf(config);
  const input = inputOf(config, described);
  const table: Table[number][] = [...validated];
  for (const r of resolutions) {
    for (const w of widths) {
      if (w === 1 && r === 1) continue;
      const at = task.use(setting({ factor: factorIn(config, factor), width: w, resolution: r }));
      const { dice } = await task.accuracy(model, params, dataset, split.validation, at, config.batchSize);
      if (Number.isNaN(dice.mean)) continue;
      const gflops = gflopsAt(model, input, at);
      table.push({ factor, width: w, resolution: r, dice: dice.mean, gflops, milliseconds: null });
    }
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
