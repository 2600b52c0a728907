/** A trace and the program around it: what it changes while it runs, and that it puts everything back. */
import { inScope, SshnError } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import {
  add,
  customGrad,
  engine,
  env,
  getBackend,
  getKernelsForBackend,
  grads,
  keep,
  mul,
  relu,
  scalar,
  square,
  type Tensor,
  tensor1d,
  unique,
} from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { registerShapeFunction, TraceError, trace, traceBackend, UnknownKernelError } from './index.js';

const row = { shape: [3] } as const;

describe.each(backends)('from %s', (backend) => {
  beforeEach(() => useBackend(backend));

  test('the backend is ours inside and back afterwards', () => {
    const before = engine().backend;
    expect(trace(() => getBackend(), []).outputs).toBe(traceBackend);
    expect(getBackend()).toBe(backend);
    expect(engine().backend).toBe(before);
    expect(getKernelsForBackend(traceBackend)).toEqual([]);
    expect(engine().backendNames()).not.toContain(traceBackend);
  });

  test('the backend is back after an error, and nothing is left, not even what was kept', async () => {
    await withoutLeak(() =>
      expect(() =>
        trace(
          (x) => {
            keep(relu(x));
            throw new RangeError('mine');
          },
          [row],
        ),
      ).toThrow(new RangeError('mine')),
    );
    expect(getBackend()).toBe(backend);
    const two = add(scalar(1), scalar(1));
    expect(two.dataSync()[0]).toBe(2);
  });

  test('a constant that was kept moves to the backend when it is used there', () => {
    let two: Tensor | undefined;
    trace(
      (x) => {
        two = keep(scalar(2));
        return mul(x, two);
      },
      [row],
    );
    const product = mul(two!, 21);
    expect(product.dataSync()[0]).toBe(42);
    product.dispose();
    two!.dispose();
  });
});

test('before any backend is ready', () => {
  const slots = engine() as unknown as {
    backendName?: string;
    backendInstance?: unknown;
    pendingBackendInit?: unknown;
  };
  const { backendName, backendInstance } = slots;
  const loading = Promise.resolve();
  Object.assign(slots, { backendName: undefined, backendInstance: null, pendingBackendInit: loading });
  try {
    expect(trace((x) => relu(x), [row]).outputs.shape).toEqual([3]);
    expect(slots).toMatchObject({
      backendName: undefined,
      backendInstance: null,
      pendingBackendInit: loading,
    });
  } finally {
    Object.assign(slots, { backendName, backendInstance, pendingBackendInit: undefined });
  }
});

test('inside of a gradient on the backend', async () => {
  await withoutLeak(() => {
    const x = tensor1d([1, 2, 3]);
    const triple = customGrad((input) => {
      expect(trace((y) => square(y), [row]).graph.nodes.length).toBe(1);
      return { value: mul(input as Tensor, 3), gradFunc: (dy: Tensor) => mul(dy, 3) };
    });
    const dy = tensor1d([1, 1, 1]);
    const [gradient] = grads((input: Tensor) => triple(input))([x], dy);
    expect([...gradient!.dataSync()]).toEqual([3, 3, 3]);
    for (const tensor of [x, dy, gradient!]) tensor.dispose();
  });
});

test('a gradient that fails leaves nothing that it had saved', async () => {
  const failing = customGrad((input, save) => {
    (save as (tensors: Tensor[]) => void)([input as Tensor]);
    return {
      value: square(input as Tensor),
      gradFunc: () => {
        throw new RangeError('backwards');
      },
    };
  });
  await withoutLeak(() =>
    expect(() => trace((x, dy) => grads((y: Tensor) => failing(y))([x], dy), [row, row])).toThrow(
      'backwards',
    ),
  );
});

test('a trace in a trace is refused', () => {
  const before = getBackend();
  expect(() => trace(() => trace((x) => x, [row]), [])).toThrow(
    new TraceError('trace was called inside of a traced function. Make the inner trace first, outside.'),
  );
  expect(getBackend()).toBe(before);
});

test('a promise is refused', async () => {
  await withoutLeak(() =>
    expect(() => trace(async (x) => relu(x), [row])).toThrow(
      new TraceError('The traced function returned a promise. Trace its synchronous part.'),
    ),
  );
});

test('a tensor that has been disposed of is refused, as operand and as result', () => {
  const disposed = (x: Tensor): Tensor => {
    const y = relu(x);
    y.dispose();
    return y;
  };
  const text = (scope: string) => `A tensor of shape [3] was used in ${scope} after it had been disposed of.`;
  expect(() => trace((x) => inScope('head', () => relu(disposed(x))), [row])).toThrow(
    new TraceError(text("module 'head'")),
  );
  expect(() => trace((x) => disposed(x), [row])).toThrow(new TraceError(text('no module')));
});

test('values are refused, those of constants and captured tensors given', async () => {
  const captured = tensor1d([3]);
  const text =
    "A tensor was asked for its values in module 'head', but in a trace tensors have shapes only. " +
    'Compute with tensors instead (where, mul by a mask, …), or pass the number into the function from outside.';
  expect(() => trace((x) => inScope('head', () => relu(x).dataSync()), [row])).toThrow(new TraceError(text));
  expect(trace(() => [...tensor1d([4]).dataSync(), ...captured.dataSync()], []).outputs).toEqual([4, 3]);
  captured.dispose();

  let reading: Promise<unknown> | undefined;
  trace(
    (x) => {
      reading = relu(x).data();
    },
    [row],
  );
  await expect(reading).rejects.toThrow(TraceError);
});

test('an unknown kernel is an error that names it, its module and the way out', () => {
  const run = (x: Tensor): Tensor => engine().runKernel('Mish', { x });
  const traced = () => trace((x) => inScope('encoder.0', () => run(x)), [row]);
  const error = new UnknownKernelError('Mish', 'encoder.0');
  expect(error.message).toBe(
    "Kernel 'Mish' in module 'encoder.0': a trace does not know the shape of its outputs. Say it once: " +
      "registerShapeFunction('Mish', (inputs, attributes) => ({ shape: […], dtype: 'float32' })).",
  );
  expect(error).toBeInstanceOf(SshnError);
  expect(error).toMatchObject({ kernel: 'Mish', scope: 'encoder.0' });
  expect(traced).toThrow(error);
  expect(() => trace((x) => unique(x), [row])).toThrow(new UnknownKernelError('Unique', ''));

  registerShapeFunction('Mish', ({ x }) => ({ shape: x!.shape, dtype: 'float32' }));
  expect(traced().graph.nodes[0]).toMatchObject({ kernel: 'Mish', scope: 'encoder.0' });
});

test("tfjs's debug mode, which reads every result, rests inside", () => {
  env().set('DEBUG', true);
  try {
    expect(trace((x) => relu(x), [row]).outputs.shape).toEqual([3]);
    expect(env().getBool('DEBUG')).toBe(true);
  } finally {
    env().set('DEBUG', false);
  }
});
