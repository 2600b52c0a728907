import { inScope, OptionError } from '@sshn/core';
import { registerShapeFunction } from '@sshn/trace';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import {
  add,
  engine,
  matMul,
  mul,
  relu,
  reshape,
  type Tensor,
  tensor1d,
  variable,
} from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { countFlops, MissingFlopRuleError, registerFlopRule } from './index.js';

const dense = { kernel: { kind: 'param', shape: [4, 3] }, bias: { kind: 'param', shape: [3] } } as const;
const run = (kernel: string, x: Tensor): Tensor => engine().runKernel(kernel, { x });

describe('the tree of modules', () => {
  const report = countFlops(
    (w, x) => {
      const apply = (name: 'first' | 'second', y: Tensor, weights: { kernel: Tensor; bias: Tensor }) =>
        inScope(name, () =>
          add(
            inScope('product', () => matMul(y, weights.kernel)),
            weights.bias,
          ),
        );
      const hidden = inScope('block', () => apply('second', apply('first', x, w.a), w.b));
      return inScope('block', () => relu(reshape(hidden, [6])));
    },
    [
      {
        a: dense,
        b: { kernel: { kind: 'param', shape: [3, 3] }, bias: dense.bias },
        spare: { kind: 'param', shape: [100] },
      },
      { shape: [2, 4] },
    ],
  );

  test('sums what is inside, parameters where they are first read', () => {
    const row = ({ path, macs, flops, parameters, outputShape }: typeof report.byModule) => ({
      path,
      macs,
      flops,
      parameters,
      outputShape,
    });
    const [block] = report.byModule.children;
    const [first, second] = block!.children;
    expect(row(report.byModule)).toEqual({
      path: '',
      macs: 42,
      flops: 2 * 42 + 18,
      parameters: 127,
      outputShape: [6],
    });
    expect(row(block!)).toEqual({ path: 'block', macs: 42, flops: 102, parameters: 27, outputShape: [6] });
    expect(row(first!)).toEqual({
      path: 'block.first',
      macs: 24,
      flops: 54,
      parameters: 15,
      outputShape: [2, 3],
    });
    expect(row(second!)).toEqual({
      path: 'block.second',
      macs: 18,
      flops: 42,
      parameters: 12,
      outputShape: [2, 3],
    });
    expect(first!.children.map(row)).toEqual([
      { path: 'block.first.product', macs: 24, flops: 48, parameters: 12, outputShape: [2, 3] },
    ]);
  });

  test('and its kernels, the most expensive first', () => {
    expect(report.byKernel).toEqual([
      { kernel: 'BatchMatMul', calls: 2, macs: 42, flops: 84 },
      { kernel: 'Add', calls: 2, macs: 0, flops: 12 },
      { kernel: 'Relu', calls: 1, macs: 0, flops: 6 },
    ]);
    expect(report.byModule.byKernel).toEqual(report.byKernel);
    expect(report.byModule.children[0]!.children[1]!.byKernel).toEqual([
      { kernel: 'BatchMatMul', calls: 1, macs: 18, flops: 36 },
      { kernel: 'Add', calls: 1, macs: 0, flops: 6 },
    ]);
  });

  test('says what is ignored, unused, and how many activations there are', () => {
    expect(report.ignored).toEqual([{ kernel: 'Reshape', calls: 1, modules: ['block'] }]);
    expect(report.unusedParameters).toEqual(['spare']);
    expect(report.activations).toBe(6 + 6);
    expect(report.unknown).toEqual([]);
  });
});

test('a parameter that is read twice counts once', () => {
  const { parameters } = countFlops((w, x) => add(mul(x, w.bias), w.bias), [dense, { shape: [3] }]);
  expect(parameters).toBe(15);
});

describe.each(backends)('from %s', (backend) => {
  test('variables that the function finds are parameters, other tensors are not; nothing is left', async () => {
    await useBackend(backend);
    const trained = variable(tensor1d([1, 2, 3]), true, `flops ${backend}`);
    const fixed = tensor1d([4, 5, 6]);
    const { parameters } = await withoutLeak(() =>
      countFlops((x) => add(mul(x, trained), fixed), [{ shape: [3] }]),
    );
    expect(parameters).toBe(3);
    expect([...fixed.dataSync()]).toEqual([4, 5, 6]);
    trained.dispose();
    fixed.dispose();
  });
});

describe('kernels without a rule', () => {
  registerShapeFunction('Mish', ({ x }) => x!);
  registerShapeFunction('Swish', ({ x }) => x!);
  const f = (x: Tensor) =>
    relu(
      run(
        'Swish',
        inScope('encoder.0', () => run('Mish', run('Mish', x))),
      ),
    );
  const count = (unknown?: 'throw' | 'list') =>
    countFlops((x) => f(x), [{ shape: [5] }], unknown === undefined ? {} : { unknown });

  test('are an error that names them and where they ran', () => {
    const error = new MissingFlopRuleError(
      new Map([
        ['Mish', ['encoder.0']],
        ['Swish', ['']],
      ]),
    );
    expect(error.message).toBe(
      'No rule says how many FLOPs these kernels take:\n' +
        '  Mish (encoder.0)\n' +
        '  Swish (outside of any module)\n' +
        "Say it with registerFlopRule('Mish', (node) => ({ elementwise: … })), or 'free' to leave it out on purpose; " +
        "option unknown: 'list' counts the rest.",
    );
    expect(count).toThrow(error);
    expect(() => count('throw')).toThrow(error);
  });

  test("are listed with unknown: 'list'", () => {
    const { flops, unknown } = count('list');
    expect(flops).toBe(5);
    expect(unknown).toEqual([
      { kernel: 'Mish', calls: 2, modules: ['encoder.0'] },
      { kernel: 'Swish', calls: 1, modules: [''] },
    ]);
    expect(() => count('lst' as 'list')).toThrow(new OptionError('unknown', 'lst', ['throw', 'list']));
  });

  test('are counted once a rule is there, and left out on purpose when it says so', () => {
    registerFlopRule('Mish', ({ outputs: [y] }) => ({ elementwise: 3 * y!.shape[0]! }));
    registerFlopRule('Swish', 'free');
    const { flops, unknown, ignored } = count();
    expect(flops).toBe(3 * 5 + 3 * 5 + 5);
    expect(unknown).toEqual([]);
    expect(ignored).toEqual([{ kernel: 'Swish', calls: 1, modules: [''] }]);
  });
});
