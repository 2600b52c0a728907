import {
  countParams,
  initialize,
  namedParams,
  namedSpecs,
  type ParamsOf,
  paramTree,
  Rng,
  registerGradients,
  rescaling,
  ShapeError,
  ValueError,
  valueAndGradients,
} from '@sshn/core';
import {
  backends,
  distinct,
  goldenCases,
  gradientError,
  useBackend,
  weighted,
  withoutLeak,
} from '@sshn-internal/testing';
import {
  dispose,
  mean,
  ones,
  profile,
  type Scalar,
  slice,
  square,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { type UNetConfig, unet } from './unet.js';

const sizes = goldenCases<{ size: number; phi: number; sizes: number[] }>('sizes.json');
const tiny = { inChannels: 1, outChannels: 2, features: [2, 3] } as const;

describe('parameters', () => {
  test('of the paper’s network for 24 structures and background: 195225', () => {
    expect(countParams(unet({ inChannels: 1, outChannels: 25 }).specs)).toBe(195_225);
  });

  test('are named by their place', () => {
    const names = (config: Partial<UNetConfig>) =>
      namedSpecs(unet({ ...tiny, convolutionsPerStage: 1, ...config }).specs).map(([path]) => path);
    const plain = ['decoder.0.0', 'encoder.0.0', 'encoder.1.0', 'head'];
    expect(names({})).toEqual(plain.flatMap((name) => [`${name}.bias`, `${name}.kernel`]));
    expect(names({ film: true })).toEqual(
      plain.flatMap((name) =>
        (name === 'head' ? ['bias', 'kernel'] : ['beta', 'bias', 'gamma', 'kernel']).map(
          (leaf) => `${name}.${leaf}`,
        ),
      ),
    );
  });

  test('features per stage: each stage reads the one above, the decoder also the skip', () => {
    const { specs } = unet({ inChannels: 3, outChannels: 4, features: [5, 6, 7] });
    const channels = (path: string) => {
      const { shape } = new Map(namedSpecs(specs)).get(`${path}.kernel`)!;
      return shape.slice(-2);
    };
    expect(channels('encoder.0.0')).toEqual([3, 5]);
    expect(channels('encoder.0.1')).toEqual([5, 5]);
    expect(channels('encoder.1.0')).toEqual([5, 6]);
    expect(channels('encoder.2.0')).toEqual([6, 7]);
    expect(channels('decoder.1.0')).toEqual([7 + 6, 6]);
    expect(channels('decoder.0.0')).toEqual([6 + 5, 5]);
    expect(channels('head')).toEqual([5, 4]);
  });

  test('every option changes them as it says', () => {
    const kernels = (config: Partial<UNetConfig>) =>
      namedSpecs(unet({ inChannels: 1, outChannels: 2, ...config }).specs)
        .filter(([path]) => path.endsWith('kernel'))
        .map(([, { shape }]) => shape);
    expect(kernels({})).toHaveLength(19);
    expect(kernels({ stages: 3 })).toHaveLength(11);
    expect(kernels({ stages: 1 })).toHaveLength(3);
    expect(kernels({ convolutionsPerStage: 3 })).toHaveLength(28);
    expect(kernels({ features: 8 })[0]).toEqual([3, 3, 16, 8]);
    expect(kernels({ kernelSize: 5 })[0]).toEqual([5, 5, 64, 32]);
    expect(kernels({ rank: 3 })[0]).toEqual([3, 3, 3, 64, 32]);
    expect(kernels({ rank: 3, kernelSize: [1, 3, 3] })[0]).toEqual([1, 3, 3, 64, 32]);
    expect(kernels({ kernelSize: 5 }).at(-1)).toEqual([1, 1, 32, 2]);
  });

  test('are known by name to the compiler', () => {
    const plain = unet({ inChannels: 1, outChannels: 2 });
    expectTypeOf<ParamsOf<typeof plain.specs>['encoder'][0][0]>().toEqualTypeOf<{
      readonly kernel: Tensor;
      readonly bias: Tensor;
    }>();
    const modulated = unet({ inChannels: 1, outChannels: 2, film: true });
    expectTypeOf<ParamsOf<typeof modulated.specs>['decoder'][0][0]['gamma']>().toEqualTypeOf<Tensor>();
    expectTypeOf<ParamsOf<typeof modulated.specs>['head']['kernel']>().toEqualTypeOf<Tensor>();
  });
});

/** Spatial sizes of all convolutions of an application, in the order in which they ran. */
async function sizesOf(work: () => Tensor): Promise<number[][]> {
  const { kernels } = await profile(work);
  return kernels
    .filter(({ name }) => name === 'Conv2D')
    .map(({ outputShapes }) => outputShapes[0]!.slice(1, 3));
}

describe.each(backends)('apply on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test.each([
    [1, 1],
    [3, 5],
    [17, 31],
  ])('maps %i×%i images to logits of their size, for every factor', (height, width) => {
    const network = unet({ inChannels: 2, outChannels: 3, features: 4 });
    const params = initialize(network.specs, Rng.fromSeed(1));
    const image = distinct([2, height, width, 2], { gap: 0.01 });
    for (const factor of [0, 0.001, 0.25, 0.5, 0.77, 1]) {
      const logits = network.apply(params, image, rescaling(factor));
      expect(logits.shape).toEqual([2, height, width, 3]);
      expect([...logits.dataSync()].every(Number.isFinite)).toBe(true);
    }
  });

  test('3D: volumes of any size', () => {
    const network = unet({ rank: 3, inChannels: 1, outChannels: 2, features: 2, stages: 3 });
    const params = initialize(network.specs, Rng.fromSeed(1));
    for (const size of [
      [1, 1, 1],
      [4, 3, 5],
    ]) {
      const logits = network.apply(params, distinct([2, ...size, 1]), rescaling(0.4));
      expect(logits.shape).toEqual([2, ...size, 2]);
    }
  });

  test('stages have the sizes that the factor says, down and up again', async () => {
    const network = unet({ inChannels: 1, outChannels: 1, features: 1, convolutionsPerStage: 1 });
    const params = initialize(network.specs, Rng.fromSeed(1));
    const image = distinct([1, 21, 10, 1]);
    const sizes = (factor: number | number[]) =>
      sizesOf(() => network.apply(params, image, rescaling(factor)));
    expect(await sizes(0.5)).toEqual([
      [21, 10],
      [11, 5],
      [6, 3],
      [3, 2],
      [2, 1],
      [3, 2],
      [6, 3],
      [11, 5],
      [21, 10],
      [21, 10],
    ]);
    expect((await sizes([1, 0.5, 0.25, 0])).slice(0, 5)).toEqual([
      [21, 10],
      [21, 10],
      [11, 5],
      [3, 1],
      [1, 1],
    ]);
  });

  test('each factor of several acts: outputs differ when one changes', () => {
    const network = unet({ inChannels: 1, outChannels: 1, features: 3 });
    const params = initialize(network.specs, Rng.fromSeed(1));
    const image = distinct([1, 40, 40, 1], { gap: 0.001 });
    const logits = (factors: number[]) => network.apply(params, image, rescaling(factors)).dataSync();
    const base = logits([0.8, 0.8, 0.8, 0.8]);
    expect(network.apply(params, image, rescaling(0.8)).dataSync()).toEqual(base);
    for (let step = 0; step < 4; step++) {
      const factors = [0.8, 0.8, 0.8, 0.8];
      factors[step] = 0.4;
      expect(logits(factors)).not.toEqual(base);
    }
  });

  test('the images of a batch do not see each other', () => {
    const network = unet(tiny);
    const params = initialize(network.specs, Rng.fromSeed(1));
    const images = distinct([2, 5, 4, 1]);
    const both = network.apply(params, images, rescaling(0.5));
    const second = network.apply(params, slice(images, [1, 0, 0, 0]), rescaling(0.5));
    expect(slice(both, [1, 0, 0, 0]).dataSync()).toEqual(second.dataSync());
  });

  test.each([1, 0.5] as const)('gradients, with a LeakyReLU of slope %f', (slope) => {
    const network = unet({ ...tiny, convolutionsPerStage: 1, slope });
    const named = namedParams(network.specs, initialize(network.specs, Rng.fromSeed(2)));
    const image = distinct([2, 3, 5, 1], { gap: 0.1 });
    const f = (...[x, ...leaves]: Tensor[]) =>
      tidy(() => {
        const params = paramTree(
          network.specs,
          new Map([...named.keys()].map((path, i) => [path, leaves[i]!])),
        );
        return weighted(network.apply(params, x!, rescaling(0.6)));
      });
    // Where there are kinks, probes are short, and a few cross one.
    const error = gradientError(f, [image, ...named.values()], slope === 1 ? 0.01 : 1e-3);
    expect(error).toBeLessThan(slope === 1 ? 2e-3 : 2e-2);
  });

  test('FiLM starts as the identity and then acts', () => {
    const plain = unet(tiny);
    const modulated = unet({ ...tiny, film: true });
    const image = distinct([1, 6, 5, 1]);
    const want = plain.apply(initialize(plain.specs, Rng.fromSeed(3)), image, rescaling(0.5));
    const params = initialize(modulated.specs, Rng.fromSeed(3));
    expect(modulated.apply(params, image, rescaling(0.5)).dataSync()).toEqual(want.dataSync());
    for (const name of ['gamma', 'beta'] as const) {
      const [first, ...others] = params.encoder[1]!;
      const changed = {
        ...params,
        encoder: [params.encoder[0]!, [{ ...first!, [name]: ones([3]) }, ...others]],
      };
      expect(modulated.apply(changed, image, rescaling(0.5)).dataSync()).not.toEqual(want.dataSync());
    }
  });

  test('slope acts on what is below zero', () => {
    const image = distinct([1, 4, 4, 1]);
    const params = initialize(unet(tiny).specs, Rng.fromSeed(3));
    const logits = (config: object) =>
      unet({ ...tiny, ...config })
        .apply(params, image, rescaling(0.5))
        .dataSync();
    expect(logits({ slope: 0.01 })).toEqual(logits({}));
    expect(logits({ slope: 0.2 })).not.toEqual(logits({}));
  });

  test('activations keep their size through all nine stages', () => {
    const network = unet({ inChannels: 1, outChannels: 32 });
    const params = initialize(network.specs, Rng.fromSeed(4));
    const rng = Rng.fromSeed(5);
    const image = tensor(
      Float32Array.from({ length: 24 * 24 }, () => rng.normal()),
      [1, 24, 24, 1],
    );
    const power = mean(square(network.apply(params, image, rescaling(1)))).dataSync()[0]!;
    expect(power).toBeGreaterThan(0.1);
    expect(power).toBeLessThan(10);
  });

  test('leaves nothing behind, forward and backward', async () => {
    for (const film of [false, true]) {
      const network = unet({ ...tiny, film });
      const params = initialize(network.specs, Rng.fromSeed(1));
      const image = distinct([1, 5, 4, 1]);
      await withoutLeak(() => network.apply(params, image, rescaling(0.5)).dispose());
      await withoutLeak(() => {
        const { value, gradients } = valueAndGradients(
          network.specs,
          params,
          (p) => weighted(network.apply(p, image, rescaling(0.5))) as Scalar,
        );
        expect(gradients.size).toBe(namedSpecs(network.specs).length);
        dispose([value, ...gradients.values()]);
      });
      dispose([image, ...namedParams(network.specs, params).values()]);
    }
  });
});

describe('what a pixel of the output sees', () => {
  beforeAll(() => useBackend('wasm'));

  const network = unet({ inChannels: 1, outChannels: 1, features: 4, stages: 3 });
  const size = 40;

  /** Output for noise with one pixel changed, minus the output for the noise: how far is it from zero, and where? */
  function spread(row: number, column: number, factor: number): Array<[row: number, column: number]> {
    return tidy(() => {
      const params = initialize(network.specs, Rng.fromSeed(1));
      const noise = Rng.fromSeed(2);
      const before = Float32Array.from({ length: size * size }, () => noise.normal());
      const after = before.slice();
      after[row * size + column]! += 10;
      const [a, b] = [before, after].map((values) =>
        network.apply(params, tensor(values, [1, size, size, 1]), rescaling(factor)).dataSync(),
      );
      return [...a!].flatMap((value, i) =>
        value === b![i] ? [] : [[Math.floor(i / size), i % size] as [number, number]],
      );
    });
  }

  test('φ = 1: all within the ten 3×3 convolutions on its way, and as far as them', () => {
    const changed = spread(20, 19, 1);
    const distances = changed.map(([row, column]) => Math.max(Math.abs(row - 20), Math.abs(column - 19)));
    expect(Math.max(...distances)).toBe(10);
  });

  test('φ = 0.5: farther', () => {
    const distances = spread(20, 19, 0.5).map(([row]) => Math.abs(row - 20));
    expect(Math.max(...distances)).toBeGreaterThan(14);
  });

  test('φ = 0: its surroundings, and the center of the image', () => {
    const corner = spread(2, 2, 0);
    expect(Math.max(...corner.map(([row]) => row))).toBe(2 + 4);
    expect(spread(19, 20, 0)).toHaveLength(size * size);
  });

  test.each([
    { factor: 1, shift: 1 },
    { factor: 1, shift: 3 },
    { factor: 0.5, shift: 4 },
  ])('φ = $factor: moving the image by $shift pixels moves the output, inside', ({ factor, shift }) => {
    const noise = Rng.fromSeed(2);
    const margin = 32;
    const wide = 2 * margin + 16;
    const whole = tensor(
      Float32Array.from({ length: (wide + shift) * wide }, () => noise.normal()),
      [1, wide + shift, wide, 1],
    );
    const params = initialize(network.specs, Rng.fromSeed(1));
    const inside = (top: number, from: number) => {
      const crop = slice(whole, [0, top, 0, 0], [1, wide, wide, 1]);
      const logits = network.apply(params, crop, rescaling(factor));
      return slice(logits, [0, from, margin, 0], [1, 16 - shift, 16, 1]).dataSync();
    };
    const [still, moved] = [inside(0, margin + shift), inside(shift, margin)];
    still.forEach((value, i) => {
      expect(moved[i]).toBeCloseTo(value, 3);
    });
  });
});

test.skipIf(sizes === undefined)('golden sizes of all stages', async () => {
  await useBackend('wasm');
  const network = unet({ inChannels: 1, outChannels: 1, features: 1, convolutionsPerStage: 1 });
  const params = initialize(network.specs, Rng.fromSeed(1));
  for (const { size, phi, sizes: want } of sizes!.filter(({ phi }) => Math.round(phi * 100) % 5 === 0)) {
    const image = zeros([1, size, 1, 1]);
    const heights = await sizesOf(() => network.apply(params, image, rescaling(phi)));
    const down = want.slice(0, -1);
    expect(heights.map(([height]) => height)).toEqual([...want, ...down.reverse(), size]);
    image.dispose();
  }
});

describe('what makes no U-Net is refused', () => {
  test.each([
    [{ inChannels: 0 }, 'unet: inChannels: got 0, expected an integer of at least 1.'],
    [{ outChannels: 2.5 }, 'unet: outChannels: got 2.5, expected an integer of at least 1.'],
    [{ stages: 0 }, 'unet: stages: got 0, expected an integer of at least 1.'],
    [{ features: 0 }, 'unet: features: stage 0: got 0, expected an integer of at least 1.'],
    [{ features: [8, -1] }, 'unet: features: stage 1: got -1, expected an integer of at least 1.'],
    [{ features: [] }, 'unet: features: got [], expected at least one stage.'],
    [
      { features: [8, 16], stages: 5 },
      'unet: features: got [8,16], expected one number, or 5 as `stages` says. Leave `stages` out where `features` is a list.',
    ],
    [{ convolutionsPerStage: 0 }, 'unet: convolutionsPerStage: got 0, expected an integer of at least 1.'],
    [{ kernelSize: 4 }, 'convolution: kernelSize: got 4, expected an odd positive integer, or 2 of them.'],
    [{ slope: 2 }, 'convolution: slope: got 2, expected a number in [0, 1].'],
    [{ rank: 1 }, 'convolution: rank: got 1, expected 2 or 3 spatial dimensions.'],
  ])('%j', (config, message) => {
    const make = () => unet({ inChannels: 1, outChannels: 2, ...config } as UNetConfig);
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });

  test('a list as long as `stages` says is fine', () => {
    expect(unet({ inChannels: 1, outChannels: 2, features: [2, 3], stages: 2 }).specs.encoder).toHaveLength(
      2,
    );
  });

  test('images and factors that do not fit', async () => {
    await useBackend('cpu');
    const network = unet({ inChannels: 3, outChannels: 2, features: 2, stages: 3 });
    const params = initialize(network.specs, Rng.fromSeed(1));
    const apply = (shape: number[], factor: number | number[]) => () =>
      network.apply(params, zeros(shape), rescaling(factor));
    expect(apply([1, 3, 8, 8], 0.5)).toThrow(ShapeError);
    expect(apply([1, 3, 8, 8], 0.5)).toThrow(
      'unet: got shape [1, 3, 8, 8], expected [batch, height, width, 3]. Arrays are channels-last',
    );
    expect(apply([8, 8, 3], 0.5)).toThrow('unet: got shape [8, 8, 3]');
    expect(apply([1, 8, 8, 3], [0.5, 0.5, 0.5])).toThrow(
      'unet: rescaling: got [0.5,0.5,0.5], expected one factor, or 2 (one per downsampling step).',
    );
  });
});
