import { type Factor, namedParams } from '@sshn/core';
import type { TrainedModel } from '../trained-model.js';

/** A parameter of the plain network at several factors. */
export interface WeightCurve {
  /** Such as `encoder.0.1.kernel`. */
  readonly path: string;
  /** That it belongs to: `encoder.0.1`. */
  readonly layer: string;
  readonly shape: readonly number[];
  /** For each factor all its numbers, the output channel running fastest. */
  readonly values: readonly Float32Array[];
}

/**
 * The weights of the plain network at several factors, in the order in which layers run. Of a model with fixed weights they are
 * the same at all.
 *
 * @param model Stays the caller's.
 * @throws {ValueError} if a factor is outside [0, 1].
 *
 * *Source*: the paper, figure 15.
 */
export async function weightsOver(
  model: TrainedModel,
  factors: readonly Factor[],
): Promise<readonly WeightCurve[]> {
  const values = new Map<string, Float32Array[]>();
  const shapes = new Map<string, readonly number[]>();
  for (const factor of factors) {
    const { at } = model.choose({ factor });
    for (const [path, weight] of namedParams(model.weightsAt(at))) {
      shapes.set(path, weight.shape);
      values.set(path, [...(values.get(path) ?? []), (await weight.data<'float32'>()).slice()]);
    }
  }
  return model
    .layers()
    .flatMap((layer) =>
      [...values]
        .filter(([path]) => path.slice(0, path.lastIndexOf('.')) === layer)
        .map(([path, own]) => ({ path, layer, shape: shapes.get(path)!, values: own })),
    );
}

/**
 * How much each number of a parameter varies over factors: σ/|μ|, with the standard deviation of the population. Infinity where the
 * mean is 0 and the numbers are not; 0 where all are 0.
 *
 * *Source*: the paper, figure 14.
 */
export function coefficientsOfVariation({ values }: Pick<WeightCurve, 'values'>): Float64Array {
  const count = values.length;
  return Float64Array.from({ length: values[0]?.length ?? 0 }, (_, i) => {
    const mean = values.reduce((sum, at) => sum + at[i]!, 0) / count;
    const variance = values.reduce((sum, at) => sum + (at[i]! - mean) ** 2, 0) / count;
    return variance === 0 ? 0 : Math.sqrt(variance) / Math.abs(mean);
  });
}
