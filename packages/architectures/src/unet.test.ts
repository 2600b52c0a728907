import {
  countParams,
  initialize,
  namedParams,
  namedSpecs,
  type ParamsOf,
  paramTree,
  Rng,
  setting,
} from '@sshn/core';
import { registerGradients, valueAndGradients } from '@sshn/ops';
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
    expect(kernels({ stages: 2 })).toHaveLength(7);
    expect(kernels({ stages: 3, deepSupervision: true })).toHaveLength(13);
    expect(kernels({ convolutionsPerStage: 3 })).toHaveLength(28);
    expect(kernels({ features: 8 })[0]).toEqual([3, 3, 16, 8]);
    expect(kernels({ kernelSize: 5 })[0]).toEqual([5, 5, 64, 32]);
    expect(kernels({ rank: 3 })[0]).toEqual([3, 3, 3, 64, 32]);
    expect(kernels({ rank: 3, kernelSize: [1, 3, 3] })[0]).toEqual([1, 3, 3, 64, 32]);
    expect(kernels({ kernelSize: 5 }).at(-1)).toEqual([1, 1, 32, 2]);
  });

  test('are known by name to the compiler', () => {
    const plain = unet({ inChannels: 1, outChannels: 2 });
    expectTypeOf<ParamsOf<typeof plain.specs>['encoder'][0][0]['kernel']>().toEqualTypeOf<Tensor>();
    const modulated = unet({ inChannels: 1, outChannels: 2, film: true });
    expectTypeOf<ParamsOf<typeof modulated.specs>['decoder'][0][0]['gamma']>().toEqualTypeOf<
      Tensor | undefined
    >();
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
      const logits = network.apply(params, image, setting(factor));
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
      const logits = network.apply(params, distinct([2, ...size, 1]), setting(0.4));
      expect(logits.shape).toEqual([2, ...size, 2]);
    }
  });

  test('stages have the sizes that the factor says, down and up again', async () => {
    const network = unet({ inChannels: 1, outChannels: 1, features: 1, convolutionsPerStage: 1 });
    const params = initialize(network.specs, Rng.fromSeed(1));
    const image = distinct([1, 21, 10, 1]);
    const sizes = (factor: number | number[]) => sizesOf(() => network.apply(params, image, setting(factor)));
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
    const logits = (factors: number[]) => network.apply(params, image, setting(factors)).dataSync();
    const base = logits([0.8, 0.8, 0.8, 0.8]);
    expect(network.apply(params, image, setting(0.8)).dataSync()).toEqual(base);
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
    const both = network.apply(params, images, setting(0.5));
    const second = network.apply(params, slice(images, [1, 0, 0, 0]), setting(0.5));
    expect(slice(both, [1, 0, 0, 0]).dataSync()).toEqual(second.dataSync());
  });

  test.each([1, 0.5] as const)('gradients, with a LeakyReLU of slope %f', (slope) => {
    const network = unet({ ...tiny, convolutionsPerStage: 1, slope });
    const named = namedParams(initialize(network.specs, Rng.fromSeed(2)));
    const image = distinct([2, 3, 5, 1], { gap: 0.1 });
    const f = (...[x, ...leaves]: Tensor[]) =>
      tidy(() => {
        const params = paramTree(
          network.specs,
          new Map([...named.keys()].map((path, i) => [path, leaves[i]!])),
        );
        return weighted(network.apply(params, x!, setting(0.6)));
      });
    // Where there are kinks, probes are short, and a few cross one.
    const error = gradientError(f, [image, ...named.values()], slope === 1 ? 0.01 : 1e-3);
    expect(error).toBeLessThan(slope === 1 ? 2e-3 : 2e-2);
  });

  test('FiLM starts as the identity and then acts', () => {
    const plain = unet(tiny);
    const modulated = unet({ ...tiny, film: true });
    const image = distinct([1, 6, 5, 1]);
    const want = plain.apply(initialize(plain.specs, Rng.fromSeed(3)), image, setting(0.5));
    const params = initialize(modulated.specs, Rng.fromSeed(3));
    expect(modulated.apply(params, image, setting(0.5)).dataSync()).toEqual(want.dataSync());
    for (const name of ['gamma', 'beta'] as const) {
      const [first, ...others] = params.encoder[1]!;
      const changed = {
        ...params,
        encoder: [params.encoder[0]!, [{ ...first!, [name]: ones([3]) }, ...others]],
      };
      expect(modulated.apply(changed, image, setting(0.5)).dataSync()).not.toEqual(want.dataSync());
    }
  });

  test('slope acts on what is below zero', () => {
    const image = distinct([1, 4, 4, 1]);
    const params = initialize(unet(tiny).specs, Rng.fromSeed(3));
    const logits = (config: object) =>
      unet({ ...tiny, ...config })
        .apply(params, image, setting(0.5))
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
    const power = mean(square(network.apply(params, image, setting(1)))).dataSync()[0]!;
    expect(power).toBeGreaterThan(0.1);
    expect(power).toBeLessThan(10);
  });

  test('leaves nothing behind, forward and backward', async () => {
    for (const film of [false, true]) {
      const network = unet({ ...tiny, film });
      const params = initialize(network.specs, Rng.fromSeed(1));
      const image = distinct([1, 5, 4, 1]);
      await withoutLeak(() => network.apply(params, image, setting(0.5)).dispose());
      await withoutLeak(() => {
        const { value, gradients } = valueAndGradients(
          params,
          (p) => weighted(network.apply(p, image, setting(0.5))) as Scalar,
        );
        expect(namedParams(gradients).size).toBe(namedSpecs(network.specs).length);
        dispose([value, ...namedParams(gradients).values()]);
      });
      dispose([image, ...namedParams(params).values()]);
    }
  });
});

test.skipIf(sizes === undefined)('golden sizes of all stages', async () => {
  await useBackend('wasm');
  const network = unet({ inChannels: 1, outChannels: 1, features: 1, convolutionsPerStage: 1 });
  const params = initialize(network.specs, Rng.fromSeed(1));
  for (const { size, phi, sizes: want } of sizes!.filter(({ phi }) => Math.round(phi * 100) % 5 === 0)) {
    const image = zeros([1, size, 1, 1]);
    const heights = await sizesOf(() => network.apply(params, image, setting(phi)));
    const down = want.slice(0, -1);
    expect(heights.map(([height]) => height)).toEqual([...want, ...down.reverse(), size]);
    image.dispose();
  }
});
