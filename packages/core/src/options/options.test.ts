import { describe, expect, expectTypeOf, test } from 'vitest';
import { ConfigError, OptionError, ValueError } from '../errors.js';
import { describeOption, leavesOf } from './describe.js';
import { type GivenOptions, option, partial, required, type ValuesOf } from './option.js';
import { readOptions, requireOptions } from './read.js';

const options = {
  epochs: option.integer({ least: 1, default: 100, help: 'Passes' }),
  method: option.choice(['fixed', 'sshn'], { default: 'sshn', help: 'Method' }),
  window: option.integer({ least: 1, odd: true, optional: true, help: 'Edge' }),
  patience: option.integer({ least: 1, nullable: true, default: null, help: 'Patience' }),
  size: option.list(option.integer({ least: 1, help: '' }), {
    least: 2,
    most: 3,
    optional: true,
    help: 'Size',
  }),
  features: option.oneOrList(option.integer({ least: 1, help: '' }), { default: 32, help: 'Features' }),
  flip: option.list(option.choice(['height', 'width'], { help: '' }), { optional: true, help: 'Axes' }),
  elastic: option.record(
    {
      strength: option.number({ least: 0, help: 'Strength' }),
      spacing: option.number({ least: 1, help: 'Spacing' }),
    },
    { optional: true },
  ),
  optimizer: option.record(
    {
      rate: option.number({ above: 0, default: 0.1, help: 'Rate' }),
      beta: option.number({ least: 0, below: 1, default: 0.9, help: 'Decay' }),
    },
    { check: ({ rate, beta }) => (rate > beta ? [{ path: ['rate'], message: 'is above beta' }] : []) },
  ),
  prior: option.variants(
    {
      constant: { factor: option.number({ least: 0, most: 1, help: 'φ' }) },
      uniform: { low: option.number({ help: 'φ' }), high: option.number({ help: 'φ' }) },
    },
    {
      optional: true,
      help: 'Prior',
      check: (prior) =>
        prior.kind === 'uniform' && prior.low > prior.high
          ? [{ path: ['high'], message: 'is below low' }]
          : [],
    },
  ),
  note: option.text({ optional: true, help: 'Note' }),
  both: option.flag({ default: false, help: 'Both ways' }),
};
const read = (input: unknown) => readOptions(options, input, 'test');

describe('readOptions', () => {
  test('fills in defaults, leaves out what is optional', () => {
    const values = read({});
    expect(values).toEqual({
      epochs: 100,
      method: 'sshn',
      patience: null,
      features: 32,
      optimizer: { rate: 0.1, beta: 0.9 },
      both: false,
    });
    expectTypeOf(values.epochs).toEqualTypeOf<number>();
    expectTypeOf(values.method).toEqualTypeOf<'fixed' | 'sshn'>();
    expectTypeOf(values.patience).toEqualTypeOf<number | null>();
    expectTypeOf(values.window).toEqualTypeOf<number | undefined>();
    expectTypeOf(values.features).toEqualTypeOf<number | readonly number[]>();
    expectTypeOf<NonNullable<ValuesOf<typeof options>['elastic']>>().toEqualTypeOf<{
      readonly strength: number;
      readonly spacing: number;
    }>();
    expectTypeOf<{ optimizer: { rate: 1 } }>().toExtend<GivenOptions<typeof options>>();
  });

  test('what it gives reads as itself', () => {
    const given = {
      window: 5,
      patience: 3,
      size: [4, 6],
      features: [4, 8],
      flip: ['width'],
      elastic: { strength: 1, spacing: 8 },
      prior: { kind: 'uniform', low: 0, high: 0.5 },
      note: 'x',
    } as const;
    const once = read(given);
    expect(once).toMatchObject(given);
    expect(read(JSON.parse(JSON.stringify(once)))).toEqual(once);
  });

  test.each([
    [{ epochs: 0 }, 'epochs: got 0, expected an integer ≥ 1'],
    [{ epochs: 1.5 }, 'epochs: got 1.5, expected an integer ≥ 1'],
    [{ epochs: Number.NaN }, 'epochs: got NaN, expected an integer ≥ 1'],
    [{ epochs: null }, 'epochs: got null, expected an integer ≥ 1'],
    [{ method: 'sshm' }, "method: got 'sshm', expected 'fixed' or 'sshn'; did you mean 'sshn'?"],
    [{ window: 4 }, 'window: got 4, expected an odd integer ≥ 1'],
    [{ patience: 0 }, 'patience: got 0, expected an integer ≥ 1, or null'],
    [{ size: [4] }, 'size: got a list of 1, expected a list of 2 to 3 entries'],
    [{ size: 4 }, 'size: got 4, expected a list of integers ≥ 1'],
    [{ features: [4, 0] }, 'features.1: got 0, expected an integer ≥ 1'],
    [{ features: 'x' }, "features: got 'x', expected an integer ≥ 1, or a list of them"],
    [{ flip: ['hight'] }, "flip.0: got 'hight', expected 'height' or 'width'; did you mean 'height'?"],
    [{ elastic: { strength: 1 } }, 'elastic.spacing: got nothing, expected a number ≥ 1'],
    [{ elastic: { strength: 1, spacing: 0.5 } }, 'elastic.spacing: got 0.5, expected a number ≥ 1'],
    [{ optimizer: { beta: 1 } }, 'optimizer.beta: got 1, expected a number in [0, 1)'],
    [{ optimizer: { rate: 0.5, beta: 0.2 } }, 'optimizer.rate: is above beta'],
    [{ optimizer: 3 }, 'optimizer: got 3, expected a record with rate, beta'],
    [{ optimizer: { rates: 3 } }, "optimizer.rates: unknown key, the nearest is 'optimizer.rate'"],
    [{ rate: 3 }, "rate: unknown key, the nearest is 'optimizer.rate'"],
    [{ optimizer: { colors: 3 } }, 'optimizer.colors: unknown key, allowed here: rate, beta'],
    [{ prior: { kind: 'normal' } }, "prior.kind: got 'normal', expected 'constant' or 'uniform'"],
    [{ prior: { kind: 'uniform', low: 1, high: 0 } }, 'prior.high: is below low'],
    [{ prior: { kind: 'constant', factor: 2 } }, 'prior.factor: got 2, expected a number in [0, 1]'],
    [{ prior: { kind: 'constant', factor: 1, low: 1 } }, 'prior.low: unknown key, allowed here: factor'],
    [{ note: 1 }, 'note: got 1, expected a text'],
    [{ both: 'yes' }, "both: got 'yes', expected true or false"],
    [[], 'got a list, expected a record with epochs'],
    [JSON.parse('{"constructor": 1, "__proto__": 2}'), 'constructor: unknown key'],
  ])('refuses %j', (input, message) => {
    expect(() => read(input)).toThrow(ConfigError);
    expect(() => read(input)).toThrow(message);
  });

  test('lists every fault, with its path', () => {
    try {
      read({ epochs: 0, optimizer: { beta: 2, x: 1 } });
      expect.unreachable();
    } catch (error) {
      expect((error as ConfigError).faults.map(({ path }) => path)).toEqual([
        'epochs',
        'optimizer.beta',
        'optimizer.x',
      ]);
      expect((error as ConfigError).message).toMatch(/^test: epochs: .*; optimizer\.beta: .*\.$/);
    }
  });

  test('does not print long values', () => {
    expect(() => read({ note: 'fine', method: 'y'.repeat(1e6) })).toThrow(/^.{0,200}$/);
    expect(() => read({ features: new Array(1e6).fill(1) })).toThrow(/^.{0,200}$/);
  });
});

describe('requireOptions', () => {
  const few = {
    alpha: option.number({ least: 0, optional: true, help: '' }),
    kind: option.choice(['a', 'b'], { optional: true, help: '' }),
    count: option.integer({ least: 1, help: '' }),
  };
  test('throws what programs catch', () => {
    requireOptions('loss', { count: 1, alpha: undefined }, few);
    expect(() => requireOptions('loss', { count: 1, alpa: 1 }, few)).toThrow(OptionError);
    expect(() => requireOptions('loss', { count: 1, alpa: 1 }, few)).toThrow("Did you mean 'alpha'");
    expect(() => requireOptions('loss', { count: 1, kind: 'c' }, few)).toThrow(OptionError);
    expect(() => requireOptions('loss', { count: 1, alpha: -1 }, few)).toThrow(
      'loss: alpha: got -1, expected a number ≥ 0',
    );
    expect(() => requireOptions('loss', { alpha: 1 }, few)).toThrow(ValueError);
    expect(() => requireOptions('loss', { count: 1, alpha: null }, few)).toThrow(ValueError);
    expect(() => requireOptions('loss', null as unknown as object, few)).toThrow(ValueError);
  });
});

test('leaves and words for flags and tables', () => {
  expect(leavesOf(options).map(({ path }) => path.join('.'))).toEqual([
    'epochs',
    'method',
    'window',
    'patience',
    'size',
    'features',
    'flip',
    'elastic.strength',
    'elastic.spacing',
    'optimizer.rate',
    'optimizer.beta',
    'prior',
    'note',
    'both',
  ]);
  expect(describeOption(options.patience)).toBe('an integer ≥ 1, or null');
  expect(describeOption(options.prior)).toBe("a record whose kind is 'constant' or 'uniform'");
});

describe('options of files', () => {
  const some = {
    rate: option.number({ above: 0, default: 1, help: 'Rate' }),
    decay: option.number({ least: 0, optional: true, help: 'Decay' }),
  };

  test('say all that has a default', () => {
    const all = required(some);
    expect(() => readOptions(all, { decay: 1 }, 'file')).toThrow(
      'file: rate: got nothing, expected a number > 0',
    );
    expect(readOptions(all, { rate: 2 }, 'file')).toEqual({ rate: 2 });
    expectTypeOf<GivenOptions<typeof all>>().toEqualTypeOf<{
      readonly rate: number;
      readonly decay?: number;
    }>();
  });

  test('or none', () => {
    expect(readOptions(partial(some), {}, 'file')).toEqual({});
    expect(() => readOptions(partial(some), { rate: 0 }, 'file')).toThrow('rate: got 0');
    expectTypeOf<ValuesOf<ReturnType<typeof partial<typeof some>>>>().toEqualTypeOf<{
      readonly rate?: number;
      readonly decay?: number;
    }>();
  });
});
