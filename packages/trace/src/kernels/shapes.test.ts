import { ShapeError } from '@sshn/core';
import { backends, useBackend } from '@sshn-internal/testing';
import {
  add,
  concat,
  conv2d,
  depthToSpace,
  einsum,
  getKernel,
  getKernelsForBackend,
  matMul,
  reshape,
  slice,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { knownKernels, trace, workOf } from '../index.js';
import { computed, runKernel, traced } from '../testing/agreement.js';
import { arrayUses } from '../testing/uses/arrays.js';
import { elementwiseUses } from '../testing/uses/elementwise.js';
import { spatialUses } from '../testing/uses/spatial.js';

const uses = [...elementwiseUses, ...spatialUses, ...arrayUses];
const withTitle = uses.map((use) => ({
  ...use,
  of: use.inputs.map((input) => JSON.stringify(input)).join(' '),
}));

describe.each(backends)('a trace gives the shapes and types of %s, and says what is computed', (backend) => {
  beforeAll(() => useBackend(backend));

  const usesHere = withTitle.filter(
    (use) => getKernel(use.kernel, backend) != null && use.differsOn !== backend,
  );

  test.each(usesHere)('$kernel of $of', (use) => {
    const { outcome, graph } = traced(use);
    expect(outcome).toEqual(computed(use));
    const kernels = graph.nodes.map(({ kernel }) => kernel);
    if (use.kernel === 'Identity') expect(kernels).toEqual([]);
    else expect(kernels).toContain(use.kernel);
    for (const node of graph.nodes) {
      const work = workOf(node);
      if (work === 'free') continue;
      const { macs = 0, elementwise = 0 } = work ?? { macs: Number.NaN };
      expect(Number.isSafeInteger(macs + elementwise) && macs + elementwise >= 0, node.kernel).toBe(true);
    }
  });
});

/** Not traced: text, ragged and sparse tensors, complex numbers, pixels, and sizes that depend on values. */
const left =
  /^(Complex|ComplexAbs|Real|Imag|I?FFT|String.*|StaticRegexReplace|Ragged.*|Sparse(FillEmptyRows|Reshape|Segment.*)|NonMax.*|Unique|Draw|BroadcastArgs)$/;

test('knows every kernel of the cpu backend but those whose shapes depend on values, and of other types', () => {
  const known = knownKernels();
  const unknown = getKernelsForBackend('cpu')
    .map(({ kernelName }) => kernelName)
    .filter((kernel) => !known.includes(kernel) && !left.test(kernel));
  expect(unknown).toEqual([]);
});

test('every shape function is compared above', () => {
  const compared = new Set(uses.map(({ kernel }) => kernel));
  const never = knownKernels().filter((kernel) => !compared.has(kernel) && !kernel.startsWith('Sshn'));
  expect(never).toEqual([]);
});

describe('where no backend here computes it, or computes it wrong', () => {
  const shapeOf = (f: (...x: Tensor[]) => Tensor, ...shapes: number[][]) =>
    trace((...x: Tensor[]) => f(...x), shapes.map((shape) => ({ shape })) as never).outputs.shape;

  test('channels first', () => {
    expect(shapeOf((x) => depthToSpace(x as Tensor4D, 2, 'NCHW'), [1, 8, 3, 4])).toEqual([1, 2, 6, 8]);
    const conv = (x: Tensor, w: Tensor) => conv2d(x as Tensor4D, w as Tensor4D, 2, 'same', 'NCHW');
    expect(shapeOf(conv as never, [1, 3, 7, 8], [3, 3, 3, 5])).toEqual([1, 5, 4, 4]);
  });

  test('einsum with its axes in another order', () => {
    expect(shapeOf((a, b) => einsum('bij,jk->kb', a!, b!), [5, 2, 3], [3, 4])).toEqual([4, 5]);
  });

  test('the gradient of a resize of an image that is not square', () => {
    const gradient = (images: Tensor, dy: Tensor) =>
      runKernel('ResizeBilinearGrad', { images, dy }, { alignCorners: false }) as Tensor;
    expect(shapeOf(gradient as never, [1, 7, 6, 3], [1, 3, 9, 3])).toEqual([1, 7, 6, 3]);
  });
});

describe('what does not fit is refused as tfjs refuses it', () => {
  const refused = (f: (...x: Tensor[]) => unknown, ...shapes: number[][]) =>
    expect(() => trace((...x: Tensor[]) => f(...x), shapes.map((shape) => ({ shape })) as never));

  test('inner sizes of a matrix product', () => {
    refused((a, b) => matMul(a!, b!), [2, 3], [4, 5]).toThrow(
      new ShapeError({ where: 'matMul: b', got: [4, 5], expected: '3 rows, as a has columns' }),
    );
  });

  test('a reshape to another number of elements', () => {
    refused((x) => reshape(x!, [5]), [2, 3]).toThrow('Size(6) must match the product of shape 5');
  });

  test('shapes that do not broadcast, concatenate or slice', () => {
    refused((a, b) => add(a!, b!), [2, 3], [4]).toThrow('could not be broadcast');
    refused((a, b) => concat([a!, b!], 0), [2, 3], [2, 4]).toThrow('Error in concat2D');
    refused((x) => slice(x!, [0, 2], [1, 2]), [2, 3]).toThrow('Error in slice2D');
  });
});
