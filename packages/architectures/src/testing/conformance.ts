import {
  initialize,
  type Network,
  namedParams,
  namedSpecs,
  type ParamNode,
  Rng,
  type Setting,
  setting,
} from '@sshn/core';
import { registerGradients, valueAndGradients } from '@sshn/ops';
import { backends, distinct, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { add, dispose, type Scalar, slice, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Architectures, createNetwork } from '../create-network.js';
import type { NetworkConfig } from '../options.js';
import { directionalError } from './directional.js';

/** What every architecture must do, whatever is inside. */
export function describeArchitecture(name: keyof Architectures): void {
  const make = (config: Partial<NetworkConfig>) =>
    createNetwork(name, { inChannels: 1, outChannels: 2, features: 2, ...config });
  const start = (network: Network, seed = 1) => initialize(network.specs, Rng.fromSeed(seed));
  const factors = [0, 0.1, 0.37, 0.5, 1];

  describe.each(backends)(`${name} on %s`, (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      registerGradients();
    });

    test.each([2, 3, 4, 5, 6])('images of any size, every factor, with %i stages', (stages) => {
      const network = make({ inChannels: 2, outChannels: 3, stages });
      const params = start(network);
      for (const [height, width] of [
        [1, 1],
        [3, 5],
        [16, 9],
      ] as const) {
        tidy(() => {
          const image = distinct([2, height, width, 2], { gap: 0.01 });
          for (const factor of [...factors, Array.from({ length: stages - 1 }, (_, i) => 0.6 / (i + 1))]) {
            const logits = network.apply(params, image, setting(factor));
            expect(logits.shape).toEqual([2, height, width, 3]);
            expect(logits.dataSync().every(Number.isFinite)).toBe(true);
          }
        });
      }
    });

    test.each([2, 6])('volumes of any size, every factor, with %i stages', (stages) => {
      const network = make({ rank: 3, stages, convolutionsPerStage: 1 });
      const params = start(network);
      for (const size of [
        [1, 1, 1],
        [4, 1, 5],
        [3, 5, 6],
      ]) {
        tidy(() => {
          const image = distinct([2, ...size, 1], { gap: 0.01 });
          for (const factor of factors) {
            const logits = network.apply(params, image, setting(factor));
            expect(logits.shape).toEqual([2, ...size, 2]);
            expect(logits.dataSync().every(Number.isFinite)).toBe(true);
          }
        });
      }
    });

    test('the images of a batch do not see each other', () => {
      const network = make({ stages: 3 });
      const params = start(network);
      const images = distinct([2, 5, 4, 1]);
      const both = network.apply(params, images, setting(0.5));
      const second = network.apply(params, slice(images, [1, 0, 0, 0]), setting(0.5));
      expect(slice(both, [1, 0, 0, 0]).dataSync()).toEqual(second.dataSync());
    });

    test.each([
      ['images', { rank: 2, film: false, slope: 1 }, [2, 4, 5, 1]],
      ['images, FiLM', { rank: 2, film: true, slope: 1 }, [1, 4, 5, 1]],
      ['images, kinks', { rank: 2, film: false, slope: 0.9 }, [1, 4, 5, 1]],
      ['volumes', { rank: 3, film: false, slope: 1 }, [1, 3, 4, 2, 1]],
    ] as const)('the derivative along a direction: %s', (_, config, shape) => {
      const network = make({ ...config, stages: 3 });
      const image = distinct([...shape], { gap: 0.1 });
      const params = start(network, 2);
      const f = (p: ParamNode) => tidy(() => weighted(network.apply(p, image, setting(0.6))));
      const isSmooth = config.slope === 1;
      const error = (how: 'together' | 'apart') =>
        directionalError(how, network.specs, params, f, isSmooth ? 3e-3 : 1e-3);
      expect(error('together')).toBeLessThan(isSmooth ? 3e-3 : 2e-2);
      // Many evaluations; what a backend computes is compared below and in other tests.
      if (backend === 'cpu') expect(error('apart')).toBeLessThan(5e-2);
    });

    test('every parameter acts', () => {
      const network = make({ stages: 3, film: true, deepSupervision: true });
      const image = distinct([1, 9, 8, 1], { gap: 0.02 });
      // A rectifier may be silent for one start, not for several.
      const silent = [4, 5, 6, 7].map((seed) => {
        const { value, gradients } = valueAndGradients(start(network, seed), (p) => {
          const all = network.outputs!.apply(p, image, setting(0.5));
          return all.map(weighted).reduce((sum, next) => add(sum, next)) as Scalar;
        });
        const zero = [...namedParams(gradients)].filter(([, x]) =>
          x.dataSync().every((entry) => entry === 0),
        );
        dispose([value, ...namedParams(gradients).values()]);
        return zero.map(([path]) => path);
      });
      expect(silent[0]!.filter((path) => silent.every((paths) => paths.includes(path)))).toEqual([]);
    });

    test('deep supervision: predictions at every resolution, the first the network’s own', () => {
      const network = make({ stages: 4, deepSupervision: true });
      const params = start(network);
      const image = distinct([2, 9, 12, 1]);
      const logits = network.apply(params, image, setting(0.5));
      const all = network.outputs!.apply(params, image, setting(0.5));
      expect(all[0]!.dataSync()).toEqual(logits.dataSync());
      const coarse = all.slice(-3).map(({ shape }) => shape);
      expect(coarse).toEqual([
        [2, 5, 6, 2],
        [2, 3, 3, 2],
        [2, 2, 2, 2],
      ]);
      expect(make({ deepSupervision: false }).outputs).toBeUndefined();
    });

    test.each([
      { normalization: 'group', activation: 'silu' },
      { normalization: 'instance', film: true, slope: 0.9 },
      { downsampling: 'max' },
      { downsampling: 'average', activation: 'elu' },
      { downsampling: 'strided', slope: 0.9 },
    ] as const)('%j acts, and has exact gradients', (config) => {
      const image = distinct([2, 6, 5, 1], { gap: 0.1 });
      const at = setting(0.6);
      const smooth = { stages: 2, features: 4, convolutionsPerStage: 1 };
      const network = make({ ...smooth, ...config });
      const params = start(network, 2);
      const logits = network.apply(params, image, at).dataSync();
      const plain = make(smooth);
      expect(logits).not.toEqual(plain.apply(start(plain, 2), image, at).dataSync());
      const f = (p: ParamNode) => tidy(() => weighted(network.apply(p, image, at)));
      expect(directionalError('together', network.specs, params, f, 1e-3)).toBeLessThan(2e-2);
      expect(directionalError('apart', network.specs, params, f, 1e-3)).toBeLessThan(5e-2);
    });

    test('dropout: in a step of training, anew for every step; else silent', () => {
      const image = distinct([1, 6, 5, 1], { gap: 0.1 });
      const network = make({ dropout: 0.3, features: 8, stages: 3 });
      const plain = make({ features: 8, stages: 3 });
      const params = start(network);
      const logits = (of: Network, at: Setting) => of.apply(params, image, at).dataSync();
      const at = setting(0.5);
      const step = (seed: number) => logits(network, setting({ factor: 0.5, rng: Rng.fromSeed(seed) }));
      expect(logits(network, at)).toEqual(logits(plain, at));
      expect(step(1)).not.toEqual(logits(plain, at));
      expect(step(1)).toEqual(step(1));
      expect(step(2)).not.toEqual(step(1));
    });

    test('FiLM starts as the identity', () => {
      const image = distinct([1, 6, 5, 1]);
      const [plain, modulated] = [false, true].map((film) => {
        const network = make({ film });
        return network.apply(start(network, 3), image, setting(0.5)).dataSync();
      });
      expect(modulated).toEqual(plain);
    });

    test('activations keep their size through all stages', () => {
      const network = make({ features: 16, outChannels: 16 });
      const params = start(network, 4);
      const rng = Rng.fromSeed(5);
      const noise = Float32Array.from({ length: 24 * 24 }, () => rng.normal());
      const logits = network.apply(params, tensor(noise, [1, 24, 24, 1]), setting(1)).dataSync();
      const power = [...logits].reduce((sum, x) => sum + x * x, 0) / logits.length;
      expect(power).toBeGreaterThan(0.05);
      expect(power).toBeLessThan(20);
    });

    test('leaves nothing behind, forward and backward', async () => {
      for (const film of [false, true]) {
        const network = make({ film, stages: 3, deepSupervision: true });
        const params = start(network);
        const image = distinct([1, 5, 4, 1]);
        await withoutLeak(() => network.apply(params, image, setting(0.5)).dispose());
        await withoutLeak(() => dispose(network.outputs!.apply(params, image, setting(0.5))));
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
}
