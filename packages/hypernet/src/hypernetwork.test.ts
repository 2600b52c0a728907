import {
  initialize,
  namedParams,
  namedSpecs,
  OptionError,
  type ParamSpec,
  type ParamsOf,
  Rng,
  setting,
  ValueError,
} from '@sshn/core';
import { convolution } from '@sshn/layers';
import { registerGradients } from '@sshn/ops';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { add, dispose, grad, mul, ones, sign, sub, sum, type Tensor, zerosLike } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { gateStart } from './head-plan.js';
import {
  type Hypernetwork,
  type HypernetworkConfig,
  type HypernetworkSpecs,
  hypernetwork,
} from './hypernetwork.js';
import { average, rms } from './testing/statistics.js';

type HeadParams = ParamsOf<HypernetworkSpecs>['heads'][string];

const { kernel, bias } = convolution({ inChannels: 4, outChannels: 8 }).specs;
const targets = new Map<string, ParamSpec>([
  ['stage.0.kernel', kernel],
  ['stage.0.bias', bias],
]);

describe('specs', () => {
  test('are those of two layers, 10 and 16 wide, and a gated head for every target', () => {
    const shapes = namedSpecs(hypernetwork(targets).specs).map(([path, { shape }]) => [path, shape]);
    expect(Object.fromEntries(shapes)).toEqual({
      'hidden.0.kernel': [2, 10],
      'hidden.0.bias': [10],
      'hidden.1.kernel': [10, 16],
      'hidden.1.bias': [16],
      gates: [2, 1],
      'heads.stage.0.kernel.weight': [288, 16],
      'heads.stage.0.kernel.base': [3, 3, 4, 8],
      'heads.stage.0.bias.weight': [8, 16],
      'heads.stage.0.bias.base': [8],
    });
  });

  test('`hidden` sets the widths, `factors` the inputs', () => {
    const shapes = (config: HypernetworkConfig) =>
      namedSpecs(hypernetwork(targets, config).specs)
        .filter(([path]) => path.startsWith('hidden') || path.endsWith('bias.weight'))
        .filter(([path]) => /kernel$|weight$/.test(path))
        .map(([, { shape }]) => shape);
    expect(shapes({ hidden: [5] })).toEqual([
      [8, 5],
      [2, 5],
    ]);
    expect(shapes({ hidden: [5], factors: 4 })).toEqual([
      [8, 5],
      [8, 5],
    ]);
    expect(shapes({ hidden: [] })).toEqual([[8, 2]]);
  });

  test('are known by name to the compiler', () => {
    type Params = ParamsOf<HypernetworkSpecs>;
    expectTypeOf<Params['hidden'][0]['kernel']>().toEqualTypeOf<Tensor>();
    expectTypeOf<Params['heads'][string]['weight']>().toEqualTypeOf<Tensor>();
  });
});

describe.each(backends)('predictions on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  /** Values of the predicted kernel for a factor. */
  function predict(config: HypernetworkConfig, factor: number | number[], seed = 1): Float32Array {
    const { specs, apply } = hypernetwork(targets, config);
    const predicted = apply(initialize(specs, Rng.fromSeed(seed)), setting(factor));
    return predicted.get('stage.0.kernel')!.dataSync() as Float32Array;
  }

  test('have the names and shapes of their targets', () => {
    const { specs, apply } = hypernetwork(targets);
    const predicted = apply(initialize(specs, Rng.fromSeed(1)), setting(0.5));
    expect([...predicted].map(([name, { shape }]) => [name, shape])).toEqual([
      ['stage.0.kernel', [3, 3, 4, 8]],
      ['stage.0.bias', [8]],
    ]);
  });

  test.each([
    [{}],
    [{ form: 'direct' }],
    [{ form: 'centred' }],
    [{ encoding: 'circular' }],
    [{ hidden: [] }],
  ] as HypernetworkConfig[][])('%j: change with the factor, the same again for the same', (config) => {
    const [a, b] = [predict(config!, 0.1), predict(config!, 0.4)];
    expect(a).not.toEqual(b);
    expect(predict(config!, 0.1)).toEqual(a);
  });

  test('the encoding acts', () => {
    expect(predict({ encoding: 'circular' }, 0.3)).not.toEqual(predict({ encoding: 'linear' }, 0.3));
  });

  test('each of several factors acts', () => {
    const config = { factors: 3 };
    const base = predict(config, [0.2, 0.2, 0.2]);
    for (const changed of [
      [0.4, 0.2, 0.2],
      [0.2, 0.4, 0.2],
      [0.2, 0.2, 0.4],
    ])
      expect(predict(config, changed)).not.toEqual(base);
  });

  test('direct: θ = s · (W·ĥ + b), so without W the scaled b is left', () => {
    const { specs, apply } = hypernetwork(targets, { form: 'direct' });
    const params = initialize(specs, Rng.fromSeed(1));
    const head = params.heads['stage.0.kernel']!;
    const base = initialize({ kernel }, Rng.fromSeed(2)).kernel;
    const heads = { ...params.heads, 'stage.0.kernel': { weight: zerosLike(head.weight), base } };
    const got = apply({ ...params, heads }, setting(0.5))
      .get('stage.0.kernel')!
      .dataSync();
    const scale = kernel.init.kind === 'normal' ? kernel.init.std : Number.NaN;
    base.dataSync().forEach((value, i) => {
      expect(got[i]).toBeCloseTo(scale * value, 6);
    });
  });

  /** The kernel's head under other parameters. */
  const kernelOf = (
    { apply }: Hypernetwork,
    params: ParamsOf<HypernetworkSpecs>,
    head: HeadParams,
    factor: number,
  ): Tensor =>
    apply({ ...params, heads: { ...params.heads, 'stage.0.kernel': head } }, setting(factor)).get(
      'stage.0.kernel',
    )!;

  test.each(['residual', 'centred'] as const)('%s: without W the weight itself is left', (form) => {
    const net = hypernetwork(targets, { form });
    const params = initialize(net.specs, Rng.fromSeed(1));
    const { weight, base } = params.heads['stage.0.kernel']!;
    const got = kernelOf(net, params, { weight: zerosLike(weight), base }, 0.5);
    expect(got.dataSync()).toEqual(base.dataSync());
  });

  test('centred: in the middle the weight itself, elsewhere what the residual form changes from there', () => {
    const hidden = [10, 16];
    const centred = hypernetwork(targets, { form: 'centred', hidden });
    const residual = hypernetwork(targets, { form: 'residual', hidden });
    const params = { ...initialize(centred.specs, Rng.fromSeed(3)), gates: ones([2, 1]) };
    const head = params.heads['stage.0.kernel']!;
    expect(kernelOf(centred, params, head, 0.25).dataSync()).toEqual(head.base.dataSync());
    const change = (net: Hypernetwork, factor: number) => {
      const middle = kernelOf(net, params, head, 0.25).dataSync();
      return [...kernelOf(net, params, head, factor).dataSync()].map((value, i) => value - middle[i]!);
    };
    const scale = kernel.init.kind === 'normal' ? kernel.init.std : Number.NaN;
    // 16 features of a mean size of 0.2; a tenth of the kernel's scale.
    const ratio = 1 / (16 * 0.2) / ((0.1 * scale) / Math.sqrt(1.01));
    for (const factor of [0, 0.1, 0.5, 1]) {
      const want = change(residual, factor).map((value) => ratio * value);
      const largest = Math.max(...want.map(Math.abs));
      for (const [i, value] of change(centred, factor).entries())
        expect(Math.abs(value - want[i]!) / largest).toBeLessThan(1e-4);
    }
  });

  test.each([0.1, 0.5, 2])('residual: residualScale is the size of predictions beside θ₀: %f', (scale) => {
    expect(sizeBesideBase({ form: 'residual', residualScale: scale }, 0.25) / scale).toBeCloseTo(1, 1);
  });

  test.each([
    [0.1, [10, 8]],
    [0.1, [10, 16]],
    [1, [10, 100]],
  ])(
    'centred: residualScale is about that size at the ends, where gates are open: %f, %j wide',
    (residualScale, hidden) => {
      for (const factor of [0, 0.5]) {
        const size = sizeBesideBase({ form: 'centred', residualScale, hidden }, factor);
        expect(size / (gateStart * residualScale)).toBeGreaterThan(0.6);
        expect(size / (gateStart * residualScale)).toBeLessThan(1.5);
      }
    },
  );

  /** Root mean square of what is predicted, beside that of θ₀: the mean over seeds. */
  function sizeBesideBase(config: HypernetworkConfig, factor: number): number {
    const net = hypernetwork(targets, config);
    const ratios = Array.from({ length: 60 }, (_, seed) => {
      const params = initialize(net.specs, Rng.fromSeed(seed));
      const head = params.heads['stage.0.kernel']!;
      const base = head.base.dataSync();
      const whole = [...kernelOf(net, params, head, factor).dataSync()];
      return rms(whole.map((value, i) => value - base[i]!)) / rms([...base]);
    });
    return average(ratios);
  }

  test.each([
    [[10, 8], 0.1],
    [[10, 16], 0.1],
    [[10, 100], 1],
  ])(
    'centred, %j wide, scale %f: a step of Adam moves weights in the middle as those of a plain network, at the ends farther by the gate',
    (hidden, residualScale) => {
      // The first step moves every parameter by the learning rate, against the sign of its gradient.
      const step = 1e-3;
      const net = hypernetwork(targets, { form: 'centred', hidden, residualScale });
      const movedAt = (factor: number, seed: number) => {
        const params = initialize(net.specs, Rng.fromSeed(seed));
        const { weight, base } = params.heads['stage.0.kernel']!;
        // Of the sum of all weights: the same for every row of W.
        const slopes = grad((w) => sum(kernelOf(net, params, { weight: w, base }, factor)))(weight);
        const next = { weight: add(weight, mul(step, sign(slopes))), base: add(base, step) };
        const [before, after] = [{ weight, base }, next].map((head) => kernelOf(net, params, head, factor));
        return average([...sub(after!, before!).dataSync()]) / step;
      };
      const moved = (factor: number) =>
        average(Array.from({ length: 60 }, (_, seed) => movedAt(factor, seed)));
      expect(moved(0.25)).toBeCloseTo(1, 3);
      for (const end of [moved(0), moved(0.5)]) {
        expect((end - 1) / gateStart).toBeGreaterThan(0.6);
        expect((end - 1) / gateStart).toBeLessThan(1.4);
      }
    },
  );

  test('leaves nothing behind but what it predicts', async () => {
    const { specs, apply } = hypernetwork(targets);
    const params = initialize(specs, Rng.fromSeed(1));
    await withoutLeak(() => dispose([...apply(params, setting(0.5)).values()]));
    dispose([...namedParams(params).values()]);
  });
});

describe('what makes no hypernetwork is refused', () => {
  test.each([
    [{ factors: 0 }, 'hypernetwork: factors: got 0, expected an integer in [1, 64].'],
    [{ hidden: [10, 0] }, 'hypernetwork: hidden.1: got 0, expected an integer in [1, 8192].'],
    [{ hidden: [8193] }, 'hypernetwork: hidden.0: got 8193, expected an integer in [1, 8192].'],
    [
      { hidden: Array<number>(1e6).fill(10) },
      'hypernetwork: hidden: got 1000000, expected a list of 0 to 16 entries.',
    ],
    [{ factors: 65 }, 'hypernetwork: factors: got 65, expected an integer in [1, 64].'],
    [{ conditions: -1 }, 'hypernetwork: conditions: got -1, expected an integer in [0, 64].'],
    [{ residualScale: 0 }, 'hypernetwork: residualScale: got 0, expected a number in (0, 1000].'],
    [{ residualScale: Number.NaN }, 'hypernetwork: residualScale: got NaN, expected a number in (0, 1000].'],
  ])('%j', (config, message) => {
    expect(() => hypernetwork(targets, config)).toThrow(ValueError);
    expect(() => hypernetwork(targets, config)).toThrow(message);
  });

  test.each([
    [
      { form: 'residuals' },
      "Option 'hypernetwork: form': got 'residuals', expected one of 'direct', 'residual', 'centred'. Did you mean 'residual'?",
    ],
    [
      { encoding: 'cos' },
      "Option 'hypernetwork: encoding': got 'cos', expected one of 'linear', 'circular'.",
    ],
  ])('%j', (config, message) => {
    const make = () => hypernetwork(targets, config as HypernetworkConfig);
    expect(make).toThrow(OptionError);
    expect(make).toThrow(message);
  });

  test('more weights than there is room for, before any is made', () => {
    const wide = new Map([['kernel', { ...kernel, shape: [3, 3, 1024, 1024] }]]);
    expect(() => hypernetwork(wide, { hidden: [8192] })).toThrow(ValueError);
    expect(() => hypernetwork(wide, { hidden: [8192] })).toThrow('expected at most 1073741824.');
  });

  test('a setting with another number of factors', async () => {
    await useBackend('cpu');
    const { specs, apply } = hypernetwork(targets, { factors: 2 });
    const params = initialize(specs, Rng.fromSeed(1));
    expect(() => apply(params, setting(0.5))).toThrow('hypernetwork: factors: got [0.5], expected 2 factors');
  });
});
