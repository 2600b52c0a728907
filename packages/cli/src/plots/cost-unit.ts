/** A unit of FLOPs for all numbers of one table or axis. */
export interface CostUnit {
  readonly name: 'MFLOPs' | 'GFLOPs' | 'TFLOPs';
  /** How many of it make one GFLOP. */
  readonly perGflop: number;
}

/** The unit in which the largest cost has one to four digits before the point. @param gflops In units of 10⁹ FLOPs. */
export function costUnit(gflops: readonly number[]): CostUnit {
  const largest = Math.max(...gflops.filter((cost) => Number.isFinite(cost)), 0);
  if (largest > 0 && largest < 0.1) return { name: 'MFLOPs', perGflop: 1000 };
  return largest < 1e4 ? { name: 'GFLOPs', perGflop: 1 } : { name: 'TFLOPs', perGflop: 0.001 };
}
