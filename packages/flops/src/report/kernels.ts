import type { MeasuredNode } from './measure.js';
import type { KernelCost } from './report.js';

/** Sums by kernel, the most expensive first. */
export function costByKernel(measured: readonly MeasuredNode[]): KernelCost[] {
  const sums = new Map<string, KernelCost>();
  for (const { node, macs, flops } of measured) {
    const { kernel } = node;
    const sum = sums.get(kernel) ?? { kernel, calls: 0, macs: 0, flops: 0 };
    sums.set(kernel, { kernel, calls: sum.calls + 1, macs: sum.macs + macs, flops: sum.flops + flops });
  }
  return [...sums.values()].sort((a, b) => b.flops - a.flops);
}
