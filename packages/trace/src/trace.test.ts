import { inScope, ValueError, zeros } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import {
  add,
  clone,
  concat,
  matMul,
  mul,
  ones,
  relu,
  reshape,
  scalar,
  sum,
  type Tensor2D,
  tensor1d,
  tidy,
  variable,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { type GraphTensor, trace } from './index.js';

const row = { shape: [1, 3] } as const;
const weights = {
  kernel: { kind: 'param', role: 'kernel', axes: ['in', 'out'], shape: [3, 2], fanIn: 3, init: zeros },
  bias: { kind: 'param', role: 'bias', axes: ['out'], shape: [2], fanIn: 3, init: zeros },
} as const;

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('a dense layer, node by node', async () => {
    const { graph, outputs } = await withoutLeak(() =>
      trace(
        (dense, x) =>
          inScope('head', () => relu(add(matMul(x as Tensor2D, dense.kernel as Tensor2D), dense.bias))),
        [weights, row],
      ),
    );
    const [kernel, bias, input] = graph.leaves;
    expect(graph.leaves.map(({ shape, dtype, origin }) => ({ shape, dtype, origin }))).toEqual([
      { shape: [3, 2], dtype: 'float32', origin: { kind: 'parameter', name: 'kernel' } },
      { shape: [2], dtype: 'float32', origin: { kind: 'parameter', name: 'bias' } },
      { shape: [1, 3], dtype: 'float32', origin: { kind: 'input', name: 'input' } },
    ]);
    const [product, shifted, activated] = graph.nodes.map((node) => node.outputs[0]!);
    expect(graph.nodes).toEqual([
      {
        index: 0,
        kernel: 'BatchMatMul',
        inputs: { a: input, b: kernel },
        outputs: [{ id: 3, shape: [1, 2], dtype: 'float32', origin: { kind: 'node', node: 0, output: 0 } }],
        attributes: { transposeA: false, transposeB: false },
        scope: 'head',
      },
      {
        index: 1,
        kernel: 'Add',
        inputs: { a: product, b: bias },
        outputs: [shifted],
        attributes: {},
        scope: 'head',
      },
      {
        index: 2,
        kernel: 'Relu',
        inputs: { x: shifted },
        outputs: [activated],
        attributes: {},
        scope: 'head',
      },
    ]);
    expect(outputs).toBe(activated);
    expect(graph.outputs).toEqual([{ name: 'output', tensor: activated }]);
    expect(graph.nodes[1]!.inputs.a).toBe(product);
  });

  test('tensors of the backend are leaves and keep their values there', async () => {
    const captured = tensor1d([1, 2, 3]);
    const trained = variable(tensor1d([4, 5, 6]), true, `trained on ${backend}`);
    const { graph } = await withoutLeak(() =>
      trace((x) => mul(add(x, captured), add(trained, captured)), [row]),
    );
    expect(graph.leaves.map(({ origin }) => origin)).toEqual([
      { kind: 'input', name: 'input' },
      { kind: 'captured', tensor: captured },
      { kind: 'parameter', name: `trained on ${backend}`, tensor: trained },
    ]);
    expect(graph.nodes[0]!.inputs.b).toBe(graph.nodes[1]!.inputs.b);
    expect([...captured.dataSync()]).toEqual([1, 2, 3]);
    expect([...add(captured, trained).dataSync()]).toEqual([5, 7, 9]);
    captured.dispose();
    trained.dispose();
  });

  test('a captured tensor may be returned, cloned and disposed of as a clone', async () => {
    const captured = tensor1d([1, 2]);
    const { outputs } = await withoutLeak(() => trace(() => [captured, clone(captured)], []));
    expect(outputs[0]).toBe(outputs[1]);
    expect(outputs[0]!.origin).toEqual({ kind: 'captured', tensor: captured });
    expect([...captured.dataSync()]).toEqual([1, 2]);
    captured.dispose();
  });
});

test('inputs are trees: names are paths, types follow the shapes', () => {
  const { graph, outputs } = trace(
    (params, first, second) => {
      expectTypeOf(first).toEqualTypeOf<Tensor2D>();
      const joined = concat([first, second], 0);
      return { joined, list: [sum(params.blocks[0].scale), reshape(params.flag, [1])] };
    },
    [
      { blocks: [{ scale: { shape: [4] } }], flag: { shape: [], dtype: 'bool' } },
      { shape: [2, 3] },
      { shape: [5, 3] },
    ],
  );
  expect(graph.leaves.map(({ origin }) => origin)).toEqual(
    ['blocks.0.scale', 'flag', 'input.0', 'input.1'].map((name) => ({ kind: 'input', name })),
  );
  expect(graph.outputs.map(({ name, tensor }) => [name, tensor.shape, tensor.dtype])).toEqual([
    ['joined', [7, 3], 'float32'],
    ['list.0', [], 'float32'],
    ['list.1', [1], 'bool'],
  ]);
  expectTypeOf(outputs.joined).toEqualTypeOf<GraphTensor>();
  expect(outputs.list[1]).toBe(graph.outputs[2]!.tensor);
});

test('outputs in a map, and what is no tensor, come back as they are', () => {
  const { outputs, graph } = trace(
    (x) => ({ gradients: new Map([['w', relu(x)]]), steps: 3, none: null }),
    [row],
  );
  expect(outputs.gradients.get('w')!.shape).toEqual([1, 3]);
  expect(outputs).toMatchObject({ steps: 3, none: null });
  expect(graph.outputs.map(({ name }) => name)).toEqual(['gradients.w']);
});

test('clones and casts to the same type are the same tensor, not nodes', () => {
  const { graph, outputs } = trace((x) => tidy(() => clone(clone(x))), [row]);
  expect(graph.nodes).toEqual([]);
  expect(outputs).toBe(graph.leaves[0]);
});

test('constants keep their values and are listed where they are used', () => {
  const { graph } = trace(
    (x) => {
      tensor1d([7, 7, 7]);
      return mul(x, scalar(2));
    },
    [row],
  );
  expect(graph.leaves.map(({ origin }) => origin)).toEqual([
    { kind: 'input', name: 'input' },
    { kind: 'constant', values: Float32Array.of(2) },
  ]);
});

test('attributes are copied', () => {
  const axis = [1];
  const { graph } = trace((x) => sum(x, axis), [row]);
  axis[0] = 0;
  expect(graph.nodes[0]!.attributes).toEqual({ axis: [1], keepDims: false });
});

test('inputs whose names are the same, or whose shapes are none, are refused', () => {
  expect(() => trace((a) => a.w, [{ w: row }, { w: row }])).toThrow(
    new ValueError({
      where: 'trace: inputs',
      got: 'w',
      expected: 'names that differ',
      hint: 'Put the arguments into one record: its keys become part of the names.',
    }),
  );
  expect(() => trace((x) => x, [{ shape: [2, 1.5] }])).toThrow("trace: shape of 'input': axis 1: got 1.5");
  expect(trace((x) => add(x, ones([0])), [{ shape: [0] }]).outputs.shape).toEqual([0]);
});
