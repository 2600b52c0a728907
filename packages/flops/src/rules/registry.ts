import { kernelRules } from '@sshn/ops';
import { convolution } from './convolution.js';
import { elementwise } from './elementwise.js';
import { imageTransforms } from './image.js';
import { movement } from './movement.js';
import { normalization } from './normalization.js';
import { pooling } from './pooling.js';
import { products } from './products.js';
import { reduction } from './reduction.js';
import type { FlopRule, RuleTable } from './rule.js';

const registry = new Map<string, FlopRule>(
  Object.entries({
    ...convolution,
    ...elementwise,
    ...imageTransforms,
    ...movement,
    ...normalization,
    ...pooling,
    ...products,
    ...reduction,
    ...ownKernels(),
  }),
);

/** The kernels of @sshn/ops: as their compositions from ordinary kernels. */
function ownKernels(): RuleTable {
  return Object.fromEntries(
    Object.entries(kernelRules).map(([kernel, { work }]) => [
      kernel,
      ({ inputs, attributes, outputs }) => work(inputs as never, attributes as never, outputs),
    ]),
  );
}

/**
 * Says what a kernel costs: one of your own, or one whose rule you would rather have otherwise. Replaces what was there.
 *
 * @param rule The work of one node, or 'free' to leave the kernel out on purpose.
 * @example
 * registerFlopRule('Mish', ({ outputs: [y] }) => ({ elementwise: 3 * util.sizeFromShape([...y!.shape]) }));
 * registerFlopRule('FusedBatchNorm', 'free');    // folded into the convolution before it
 */
export function registerFlopRule(kernel: string, rule: FlopRule): void {
  registry.set(kernel, rule);
}

/** The rule of a kernel, undefined where there is none. */
export function flopRule(kernel: string): FlopRule | undefined {
  return registry.get(kernel);
}
