import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { jacobianDeterminant } from './determinant.js';

/** What the Jacobian determinants of one field say about it. */
export interface JacobianStatistics {
  readonly voxels: number;
  /** Voxels with a determinant of 0 or less, or that is no number. */
  readonly foldedVoxels: number;
  /** 100 · foldedVoxels / voxels. */
  readonly foldedPercent: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Mean of the natural logarithm of the determinants over the voxels that do not fold; NaN if all do. */
  readonly logMean: number;
  /** Its standard deviation (over all those voxels, not a sample of them); 0 for a map that stretches evenly. */
  readonly logStandardDeviation: number;
}

/**
 * Share of folded voxels, range, and statistics of the log-Jacobian of each field of a batch, in double precision.
 *
 * Folded voxels have no logarithm: they are counted and left out of it.
 *
 * @param field `[batch, ...spatial, rank]`, voxels.
 * @returns One entry per field of the batch.
 * @throws {ShapeError} if it is no field. @throws {ValueError} if it is not float32.
 * @example
 * const [{ foldedPercent, logStandardDeviation }] = await jacobianStatistics(field);
 *
 * *Source*: Leow et al., Statistical properties of Jacobian maps, TMI 2007; Hering et al., Learn2Reg, TMI 2023, who clip
 * folded voxels instead of leaving them out.
 */
export async function jacobianStatistics(field: Tensor): Promise<JacobianStatistics[]> {
  const determinants = tidy(() => jacobianDeterminant(field));
  try {
    const values = await determinants.data();
    const voxels = determinants.size / determinants.shape[0]!;
    return Array.from({ length: determinants.shape[0]! }, (_, image) =>
      statisticsOf(values.subarray(image * voxels, (image + 1) * voxels) as Float32Array),
    );
  } finally {
    determinants.dispose();
  }
}

function statisticsOf(determinants: Float32Array): JacobianStatistics {
  const logs = Float64Array.from(determinants)
    .filter((determinant) => determinant > 0)
    .map(Math.log);
  const logMean = sum(logs) / logs.length;
  const foldedVoxels = determinants.length - logs.length;
  return {
    voxels: determinants.length,
    foldedVoxels,
    foldedPercent: (100 * foldedVoxels) / determinants.length,
    minimum: determinants.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    maximum: determinants.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
    logMean,
    logStandardDeviation: Math.sqrt(sum(logs.map((log) => (log - logMean) ** 2)) / logs.length),
  };
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
