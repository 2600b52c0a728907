import { type Scalar, scalar, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { zeros } from './initializers.js';
import type { Module } from './module.js';
import { namedSpecs, type ParamSpec } from './params.js';
import { currentScope, inScope, scoped, watchScopes } from './scope.js';
import { type Setting, setting } from './setting.js';

const spec: ParamSpec = { kind: 'param', role: 'bias', axes: [], shape: [], fanIn: 1, init: zeros };

/** A module that reports where it is applied, and by which factor. */
function reporter(log: string[]): Module<{ readonly bias: ParamSpec }, number, number> {
  return {
    specs: { bias: spec },
    apply(_, input, at) {
      log.push(`${currentScope()} ${input} ${at.factors}`);
      return input + 1;
    },
  };
}

const at: Setting = setting(0.5);
const none = { bias: {} as Tensor };

describe('inScope', () => {
  test('nests, and leaves what it entered', () => {
    expect(currentScope()).toBe('');
    const seen = inScope('encoder', () => [currentScope(), inScope('0', currentScope), currentScope()]);
    expect(seen).toEqual(['encoder', 'encoder.0', 'encoder']);
    expect(currentScope()).toBe('');
  });

  test('leaves also when the work fails', () => {
    expect(() =>
      inScope('encoder', () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(currentScope()).toBe('');
  });
});

describe('watchScopes', () => {
  test('tells every scope as it is entered, and no more afterwards', () => {
    const { modules } = scoped({ encoder: [reporter([])], head: reporter([]) });
    const run = () =>
      inScope('network', () => modules.head.apply(none, modules.encoder[0].apply(none, 1, at), at));
    const [outer, inner]: [string[], string[]] = [[], []];
    const result = watchScopes(
      (path) => outer.push(path),
      () => watchScopes((path) => inner.push(path), run) + run(),
    );
    expect(result).toBe(6);
    expect(outer).toEqual(['network', 'network.encoder.0', 'network.head']);
    expect(inner).toEqual(outer);
    run();
    expect(outer).toHaveLength(3);
  });

  test('ends also when the work fails', () => {
    const seen: string[] = [];
    const fail = () => {
      throw new Error('no');
    };
    expect(() => watchScopes((path) => seen.push(path), fail)).toThrow('no');
    inScope('after', () => undefined);
    expect(seen).toEqual([]);
  });
});

describe('scoped', () => {
  test('modules of lists and records enter their path when applied', () => {
    const log: string[] = [];
    const { modules } = scoped({ encoder: [reporter(log), { deep: reporter(log) }], head: reporter(log) });
    const first = modules.encoder[0].apply(none, 1, at);
    modules.encoder[1].deep.apply(none, first, at);
    inScope('network', () => modules.head.apply(none, 9, at));
    expect(log).toEqual(['encoder.0 1 0.5', 'encoder.1.deep 2 0.5', 'network.head 9 0.5']);
  });

  test('gathers the specs under the same names', () => {
    const { specs } = scoped({ encoder: [reporter([])], head: reporter([]) });
    expect(namedSpecs(specs).map(([path]) => path)).toEqual(['encoder.0.bias', 'head.bias']);
    expect(Array.isArray(specs.encoder)).toBe(true);
  });

  test('composes: a module of scoped modules keeps the names below', () => {
    const log: string[] = [];
    const inner = scoped({ unit: reporter(log) });
    const block: Module<typeof inner.specs, number, number> = {
      specs: inner.specs,
      apply: (params, input, rescale) => inner.modules.unit.apply(params.unit, input, rescale),
    };
    const outer = scoped({ blocks: [block] });
    outer.modules.blocks[0].apply({ unit: none }, 4, at);
    expect(log).toEqual(['blocks.0.unit 4 0.5']);
    expect(namedSpecs(outer.specs).map(([path]) => path)).toEqual(['blocks.0.unit.bias']);
  });

  test('leaves the modules that it was given alone', () => {
    const log: string[] = [];
    const module = reporter(log);
    scoped({ here: module });
    module.apply(none, 1, at);
    expect(log).toEqual([' 1 0.5']);
  });

  test('keeps the types of modules and specs', () => {
    const module: Module<{ readonly bias: ParamSpec }, Tensor, Scalar> = {
      specs: { bias: spec },
      apply: () => scalar(1),
    };
    const { modules, specs } = scoped({ list: [module], one: module });
    expectTypeOf(modules.one.apply).returns.toEqualTypeOf<Scalar>();
    expectTypeOf(modules.list[0].apply).parameter(1).toEqualTypeOf<Tensor>();
    expectTypeOf(specs.list[0].bias).toEqualTypeOf<ParamSpec>();
  });
});
