import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { mul, type Tensor, tensor1d, zeros as zeroTensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { StructureError } from './errors.js';
import { zeros } from './initializers.js';
import {
  checkParams,
  comparePaths,
  countParams,
  disposeParams,
  isParamSpec,
  likeParams,
  mapParams,
  namedParams,
  namedSpecs,
  type ParamNode,
  type ParamSpec,
  type ParamsOf,
  paramTree,
  type SpecNode,
} from './params.js';

const leaf = (...shape: number[]): ParamSpec => ({
  kind: 'param',
  role: 'kernel',
  axes: shape.map((_, i) => `axis${i}`),
  shape,
  fanIn: 1,
  init: zeros,
});

/** Written out of order on purpose. */
const specs = {
  head: { kernel: leaf(1), bias: leaf(2) },
  stages: Array.from({ length: 11 }, (_, i) => ({ kernel: leaf(i + 1) })),
  aside: leaf(3),
} as const;

beforeAll(() => useBackend('cpu'));

describe('namedSpecs', () => {
  test('gives all leaves by path, numbers by value', () => {
    expect(namedSpecs(specs).map(([path]) => path)).toEqual([
      'aside',
      'head.bias',
      'head.kernel',
      ...Array.from({ length: 11 }, (_, i) => `stages.${i}.kernel`),
    ]);
    expect(namedSpecs(specs)[2]![1]).toBe(specs.head.kernel);
  });

  test('a single leaf has the empty path; an empty tree has none', () => {
    expect(namedSpecs(leaf(2)).map(([path]) => path)).toEqual(['']);
    expect(namedSpecs({})).toEqual([]);
    expect(namedSpecs([])).toEqual([]);
  });

  test('names may be paths themselves, but no two parameters may share one', () => {
    expect(namedSpecs({ heads: { 'stage.0': leaf(1) } }).map(([path]) => path)).toEqual(['heads.stage.0']);
    expect(() => namedSpecs({ 'a.b': leaf(1), a: { b: leaf(2) } })).toThrow(
      'parameters: got "a.b", expected a path of its own for each, but two have this one.',
    );
  });
});

describe('comparePaths', () => {
  test.each([
    ['stage.2', 'stage.10'],
    ['stage.2.kernel', 'stage.10.bias'],
    ['stage', 'stage.0'],
    ['stage.9', 'stage.a'],
    ['stage.10', 'stage.1a'],
    ['a.01', 'a.1'],
    ['Z', 'a'],
    ['bias', 'kernel'],
  ])('%s comes before %s', (first, second) => {
    expect(comparePaths(first, second)).toBeLessThan(0);
    expect(comparePaths(second, first)).toBeGreaterThan(0);
    expect(comparePaths(first, first)).toBe(0);
  });

  test('is an order: whatever is sorted stays sorted', () => {
    const segment = fc.oneof(
      fc.constantFrom('0', '1', '2', '10', '01', '1a', 'a1', 'a', 'b'),
      fc.nat(30).map(String),
    );
    const paths = fc.array(fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.')));
    const property = fc.property(paths, (list) => {
      const sorted = [...list].sort(comparePaths);
      for (const [i, path] of sorted.entries()) {
        for (const later of sorted.slice(i + 1)) expect(comparePaths(path, later)).toBeLessThanOrEqual(0);
      }
      expect([...list].reverse().sort(comparePaths)).toEqual(sorted);
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe('checkParams', () => {
  const shaped = (shapes: Record<string, number[]>): ParamNode =>
    Object.fromEntries(Object.entries(shapes).map(([path, shape]) => [path, zeroTensor(shape)]));
  const small = { enc: { kernel: leaf(3, 3), bias: leaf(2) } };

  test('accepts what fits', () => {
    checkParams(small, shaped({ 'enc.bias': [2], 'enc.kernel': [3, 3] }));
  });

  test('lists all differences at once', () => {
    const wrong = shaped({ 'enc.kernel': [1, 3], 'dec.bias': [2], 'enc.scale': [2] });
    expect(() => checkParams(small, wrong)).toThrow(StructureError);
    expect(() => checkParams(small, wrong)).toThrow(
      'Parameters do not fit the module:\n' +
        '  missing     enc.bias\n' +
        '  unexpected  dec.bias\n' +
        '  unexpected  enc.scale\n' +
        '  shape       enc.kernel: got [1, 3], expected [3, 3]',
    );
  });

  test('tells [12] from [1, 2]', () => {
    expect(() => checkParams({ a: leaf(12) }, shaped({ a: [1, 2] }))).toThrow(
      'shape       a: got [1, 2], expected [12]',
    );
  });
});

describe('paramTree and namedParams', () => {
  const tensors = () => new Map(namedSpecs(specs).map(([path, spec]) => [path, zeroTensor([...spec.shape])]));

  test('are inverse to each other, lists stay lists', () => {
    const named = tensors();
    const tree = paramTree(specs, named);
    expect(Array.isArray(tree.stages)).toBe(true);
    expect(tree.stages[10]!.kernel).toBe(named.get('stages.10.kernel'));
    expect([...namedParams(tree)]).toEqual([...named]);
  });

  test('refuse a tree that does not fit', () => {
    const named = tensors();
    named.delete('head.bias');
    expect(() => paramTree(specs, named)).toThrow('missing     head.bias');
    const tree = paramTree(specs, tensors());
    const [more, odd] = [
      { ...specs, more: leaf(1) },
      { ...tree, more: tensor1d([1, 2]) },
    ];
    expect(() => checkParams(more, odd)).toThrow('shape       more: got [2], expected [1]');
  });

  test('a single leaf is its own tree', () => {
    const only = tensor1d([1, 2]);
    expect(paramTree(leaf(2), new Map([['', only]]))).toBe(only);
    expect(namedParams(only).get('')).toBe(only);
  });
});

describe('trees like another', () => {
  const tree = () => ({ b: [tensor1d([1]), tensor1d([2, 3])], a: { 'x.y': tensor1d([4]) } });
  const values = (params: ParamNode) =>
    Array.from(namedParams(params), ([path, tensor]) => [path, ...tensor.dataSync()]);

  test('mapParams keeps the structure, and calls in canonical order', () => {
    const paths: string[] = [];
    const doubled = mapParams(tree(), (tensor, path) => {
      paths.push(path);
      return mul(tensor, 2);
    });
    expect(paths).toEqual(['a.x.y', 'b.0', 'b.1']);
    expect([...doubled.b[1]!.dataSync()]).toEqual([4, 6]);
    expect([...doubled.a['x.y'].dataSync()]).toEqual([8]);
  });

  test('likeParams puts tensors in canonical order, as many as there are', () => {
    const params = tree();
    const tensors = [...namedParams(params).values()];
    const back = likeParams(params, tensors);
    expect(back).toEqual(params);
    expect(values(back)).toEqual(values(params));
    expect(() => likeParams(params, tensors.slice(1))).toThrow('likeParams: tensors: got 2, expected 3');
    expect(likeParams(tensors[0]!, [tensors[1]!])).toBe(tensors[1]);
  });

  test('a path that two tensors have is refused', () => {
    expect(() => namedParams({ 'a.b': tensor1d([1]), a: { b: tensor1d([1]) } })).toThrow('two have this one');
  });

  test('disposeParams frees all', async () => {
    await withoutLeak(() => disposeParams(tree()));
  });
});

test('countParams adds up all numbers', () => {
  expect(countParams(specs)).toBe(1 + 2 + 3 + (11 * 12) / 2);
  expect(countParams(leaf())).toBe(1);
  expect(countParams(leaf(0, 5))).toBe(0);
});

test('isParamSpec tells leaves from branches', () => {
  expect(isParamSpec(leaf(1))).toBe(true);
  for (const node of [specs, [], null, undefined, 'param', { kind: leaf(1) }]) {
    expect(isParamSpec(node)).toBe(false);
  }
});

test('the types of parameters follow the specs', () => {
  type Specs = {
    readonly first: ParamSpec;
    readonly blocks: readonly { readonly kernel: ParamSpec }[];
    readonly pair: readonly [ParamSpec, { readonly bias: ParamSpec }];
  };
  type Params = ParamsOf<Specs>;
  expectTypeOf<Params['first']>().toEqualTypeOf<Tensor>();
  expectTypeOf<Params['blocks'][number]['kernel']>().toEqualTypeOf<Tensor>();
  expectTypeOf<Params['pair'][1]['bias']>().toEqualTypeOf<Tensor>();
  expectTypeOf<ParamsOf<ParamSpec>>().toEqualTypeOf<Tensor>();
  expectTypeOf<ParamsOf<SpecNode>>().toEqualTypeOf<ParamNode>();
  // @ts-expect-error a name that the specs do not have
  expectTypeOf<Params['second']>().toBeUnknown();
});
