import { requireOption } from '@sshn/core';
import { sizeOf } from '@sshn/ops';
import { type InputTree, type PlaceholdersOf, trace } from '@sshn/trace';
import { MissingFlopRuleError } from './errors.js';
import { joinedCost } from './report/joined.js';
import { peakActivationBytes } from './report/liveness.js';
import { costByKernel, costByModule, measure } from './report/measure.js';
import type { FlopReport } from './report/report.js';

/** Options of counting. */
export interface CountOptions {
  /** What to do about kernels that no rule knows: an error that names them, or a list in the report. @default 'throw' */
  readonly unknown?: 'throw' | 'list';
}

/**
 * What one call of a function of tfjs ops costs, from shapes alone: FLOPs, multiply-adds, parameters and activation
 * memory, in total, per module and per kernel.
 *
 * flops = 2 · macs + element-wise operations. Convolutions count their padding; a bias adds one FLOP per output element,
 * an activation another. The README has the rule of every kernel.
 *
 * @param f As for `trace`: synchronous, made of tfjs ops. @param inputs One tree of shapes per argument of `f`.
 * @throws {MissingFlopRuleError} if a kernel has no rule. @throws {UnknownKernelError} if a kernel has no shape.
 * @throws {OptionError} for an unknown option.
 * @example
 * const { macs, flops } = countFlops((a, b) => matMul(a, b), [{ shape: [64, 32] }, { shape: [32, 10] }]);
 * // macs 20480 = 64 · 32 · 10, flops 40960
 */
export function countFlops<const Inputs extends readonly InputTree[], Output>(
  f: (...inputs: PlaceholdersOf<Inputs>) => Output,
  inputs: Inputs,
  { unknown: onUnknown = 'throw' }: CountOptions = {},
): FlopReport {
  requireOption('unknown', onUnknown, ['throw', 'list']);
  const { graph } = trace(f, inputs);
  const { counted, ignored, unknown } = measure(graph);
  if (unknown.length > 0 && onUnknown === 'throw') {
    throw new MissingFlopRuleError(new Map(unknown.map(({ kernel, modules }) => [kernel, modules])));
  }
  const byModule = costByModule(graph, counted);
  const read = new Set(graph.nodes.flatMap((node) => Object.values(node.inputs)));
  return {
    macs: byModule.macs,
    flops: byModule.flops,
    joined: joinedCost(graph, counted),
    parameters: byModule.parameters,
    unusedParameters: graph.leaves.flatMap((leaf) =>
      leaf.origin.kind === 'parameter' && !read.has(leaf) ? [leaf.origin.name] : [],
    ),
    activations: counted.reduce((sum, { node, macs }) => sum + (macs > 0 ? sizeOf(node.outputs[0]!) : 0), 0),
    peakActivationBytes: peakActivationBytes(graph),
    byModule,
    byKernel: costByKernel(counted),
    ignored,
    unknown,
    graph,
  };
}
