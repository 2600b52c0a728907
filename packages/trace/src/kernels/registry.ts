import { kernelRules, type Work } from '@sshn/ops';
import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { GraphNode, TensorShape } from '../graph.js';
import { arrangement } from './arrangement.js';
import { convolution } from './convolution.js';
import { elementwise } from './elementwise.js';
import { imageTransforms } from './image.js';
import { creation, indexing } from './indexing.js';
import { pooling } from './pooling.js';
import { products } from './products.js';
import { normalization, reduction } from './reduction.js';
import type { StockRule } from './rule.js';

/**
 * The outputs of a kernel from its inputs and attributes: one, or a list for a kernel that returns a list.
 *
 * Throws what tfjs throws where the inputs do not fit.
 */
export type ShapeFunction = (
  inputs: { readonly [name: string]: TensorShape },
  attributes: Readonly<NamedAttrMap>,
) => TensorShape | TensorShape[];

/** What is known of kernels: those of tfjs, and those of @sshn/ops, each of which is one node, however it is composed. */
const registry = new Map<string, Pick<StockRule, 'shapes'> & Partial<StockRule>>(
  Object.entries({
    ...arrangement,
    ...convolution,
    ...creation,
    ...elementwise,
    ...imageTransforms,
    ...indexing,
    ...normalization,
    ...pooling,
    ...products,
    ...reduction,
    ...kernelRules,
  }),
);

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
  registry.set(kernel, { ...registry.get(kernel), shapes: outputs as StockRule['shapes'] });
}

/** The kernels that a trace knows, ours and those that were added. */
export function knownKernels(): string[] {
  return [...registry.keys()].sort();
}

/**
 * What a recorded run computes; 'free' for kernels that only move, copy, choose or make elements, undefined for those that
 * no table lists. `countFlops` of @sshn/flops adds it up.
 */
export function workOf({ kernel, inputs, attributes, outputs }: GraphNode): Work | 'free' | undefined {
  const work = registry.get(kernel)?.work;
  const [first, ...others] = outputs;
  return typeof work === 'function' ? work(inputs, attributes, [first!, ...others]) : work;
}

/** The outputs of a kernel. @throws {TypeError} if it is none of `knownKernels`. */
export function shapesOf(
  kernel: string,
  inputs: { readonly [name: string]: TensorShape },
  attributes: Readonly<NamedAttrMap>,
): TensorShape | readonly TensorShape[] {
  const rule = registry.get(kernel);
  if (rule === undefined) throw new TypeError(`internal: kernel '${kernel}' has no shape function`);
  return rule.shapes(inputs, attributes);
}
