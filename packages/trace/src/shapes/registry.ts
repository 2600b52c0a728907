import { kernelRules } from '@sshn/ops';
import { arrangement } from './arrangement.js';
import { binary } from './binary.js';
import { convolution } from './convolution.js';
import { creation } from './creation.js';
import { imageTransforms } from './image.js';
import { indexing } from './indexing.js';
import { normalization } from './normalization.js';
import { pooling } from './pooling.js';
import { products } from './products.js';
import { reduction } from './reduction.js';
import type { ShapeFunction, ShapeTable } from './shape-function.js';
import { unary } from './unary.js';

const registry = new Map<string, ShapeFunction>(
  Object.entries({
    ...arrangement,
    ...binary,
    ...convolution,
    ...creation,
    ...imageTransforms,
    ...indexing,
    ...normalization,
    ...pooling,
    ...products,
    ...reduction,
    ...ownKernels(),
    ...unary,
  }),
);

/** The kernels of @sshn/ops: each is one node, however it is composed. */
function ownKernels(): ShapeTable {
  return Object.fromEntries(
    Object.entries(kernelRules).map(([kernel, { shapes }]) => [
      kernel,
      (inputs, attributes) => shapes(inputs as never, attributes as never),
    ]),
  );
}

/**
 * Tells traces the output shapes of a kernel: one of your own, or one that we do not know. Replaces what was there.
 *
 * @param kernel The name under which the kernel is registered with tfjs.
 * @param outputs From the inputs, by the kernel's own names, and its attributes to its outputs: one, or a list if the
 *   kernel returns a list.
 * @example
 * registerShapeFunction('Mish', ({ x }) => x!);
 * registerShapeFunction('Halve', ({ x }) => ({ shape: x!.shape.map((n) => n / 2), dtype: x!.dtype }));
 */
export function registerShapeFunction(kernel: string, outputs: ShapeFunction): void {
  registry.set(kernel, outputs);
}

/** The kernels that a trace knows, ours and those that were added. */
export function knownKernels(): string[] {
  return [...registry.keys()].sort();
}

export function shapeFunctions(): ReadonlyMap<string, ShapeFunction> {
  return registry;
}
