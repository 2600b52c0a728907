import { initialize, OptionError, Rng, ShapeError, SshnError, setting, ValueError } from '@sshn/core';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Architectures, architectureNames, createNetwork } from './create-network.js';

beforeAll(() => useBackend('cpu'));

describe.each(architectureNames)('what makes no %s is refused', (name) => {
  /** Options may be data from a file: of any type. */
  const make = (options: unknown) => () => createNetwork(name, options as Architectures['unet']);
  const good = { inChannels: 1, outChannels: 2 };

  test.each([
    [{ inChannels: 0 }, 'inChannels: got 0, expected an integer in [1, 65536].'],
    [{ inChannels: undefined }, 'inChannels: got undefined, expected an integer in [1, 65536].'],
    [{ outChannels: 2.5 }, 'outChannels: got 2.5, expected an integer in [1, 65536].'],
    [{ outChannels: Number.NaN }, 'outChannels: got NaN, expected an integer in [1, 65536].'],
    [{ rank: 1 }, 'rank: got 1, expected an integer in [2, 3].'],
    [{ stages: 1 }, 'stages: got 1, expected an integer in [2, 16].'],
    [{ stages: 1e9 }, 'stages: got 1000000000, expected an integer in [2, 16].'],
    [{ stages: '5' }, 'stages: got "5", expected an integer in [2, 16].'],
    [{ features: 0 }, 'features: got 0, expected an integer in [1, 16384], or a list of them.'],
    [{ features: 1e7 }, 'features: got 10000000, expected an integer in [1, 16384], or a list of them.'],
    [{ features: null }, 'features: got null, expected an integer in [1, 16384], or a list of them.'],
    [{ features: {} }, 'features: got "a record", expected an integer in [1, 16384], or a list of them.'],
    [{ features: [8, -1] }, 'features.1: got -1, expected an integer in [1, 16384].'],
    [{ features: [8, [8]] }, 'features.1: got "a list", expected an integer in [1, 16384].'],
    [{ features: [] }, 'features: got 0, expected a list of 2 to 16 entries.'],
    [{ features: [8] }, 'features: got 1, expected a list of 2 to 16 entries.'],
    [{ features: Array(1e6).fill(1) }, 'features: got 1000000, expected a list of 2 to 16 entries.'],
    [
      { features: [8, 16], stages: 5 },
      'features: got [8,16], expected one number, or 5 as `stages` says. Leave `stages` out where `features` is a list.',
    ],
    [{ convolutionsPerStage: 0 }, 'convolutionsPerStage: got 0, expected an integer in [1, 64].'],
    [
      { kernelSize: 1e6 + 1 },
      'kernelSize: got 1000001, expected an odd integer in [1, 63], or a list of them.',
    ],
    [{ kernelSize: 4 }, 'kernelSize: got 4, expected an odd integer in [1, 63], or a list of them.'],
    [{ kernelSize: [3, 3, 3] }, 'kernelSize: got [3,3,3], expected an odd positive integer, or 2 of them.'],
    [{ slope: 2 }, 'slope: got 2, expected a number in [0, 1].'],
    [{ slope: '0.1' }, 'slope: got "0.1", expected a number in [0, 1].'],
    [
      { activation: 'gelu', slope: 0.1 },
      "slope: got 0.1, expected none with the activation 'gelu'. Only 'leakyRelu' has one.",
    ],
    [{ dropout: 1 }, 'dropout: got 1, expected a number in [0, 1).'],
    [{ film: 'yes' }, 'film: got "yes", expected true or false.'],
    [{ film: 'y'.repeat(1e6) }, `film: got "${'y'.repeat(40)}…", expected true or false.`],
    [{ deepSupervision: 1 }, 'deepSupervision: got 1, expected true or false.'],
  ])('%j', (config, message) => {
    expect(make({ ...good, ...config })).toThrow(ValueError);
    expect(make({ ...good, ...config })).toThrow(message);
    expect(make({ ...good, ...config })).toThrow(/^(\w+): /);
  });

  test.each([undefined, null, 7, 'options', [1]])('%j in the place of options', (options) => {
    expect(make(options)).toThrow(ValueError);
    expect(make(options)).toThrow(`${name}: got`);
  });

  test('a word that is none', () => {
    expect(make({ ...good, activation: 'rellu' })).toThrow(OptionError);
    expect(make({ ...good, activation: 'rellu' })).toThrow(/'\w+: activation': got 'rellu'.* mean 'relu'\?/);
  });

  test.each(['feature', '__proto__', 'constructor', 'toString'])('an option called %s', (key) => {
    const options = JSON.parse(`{"inChannels": 1, "outChannels": 2, "${key}": 8}`);
    expect(make(options)).toThrow(OptionError);
    expect(make(options)).toThrow(`Option '${name} option': got '${key}', expected one of 'rank', `);
  });

  test('more weights than there is room for, though each number alone is fine', async () => {
    const options = { ...good, rank: 3, features: 16_384, stages: 16, convolutionsPerStage: 64 };
    await withoutLeak(() => expect(make(options)).toThrow(ValueError));
    expect(make(options)).toThrow(
      new RegExp(`^${name}: parameters: got \\d{13,}, expected at most 268435456\\.`),
    );
  });

  test('images and factors that do not fit', () => {
    const network = createNetwork(name, { inChannels: 3, outChannels: 2, features: 2, stages: 3 });
    const params = initialize(network.specs, Rng.fromSeed(1));
    const apply = (shape: number[], factor: number | number[]) => () =>
      network.apply(params, zeros(shape), setting(factor));
    expect(apply([1, 3, 8, 8], 0.5)).toThrow(ShapeError);
    expect(apply([1, 3, 8, 8], 0.5)).toThrow(
      `${name}: got shape [1, 3, 8, 8], expected [batch, height, width, 3]. Arrays are channels-last`,
    );
    expect(apply([8, 8, 3], 0.5)).toThrow(`${name}: got shape [8, 8, 3]`);
    expect(apply([1, 4, 8, 8, 3], 0.5)).toThrow(
      `${name}: got shape [1, 4, 8, 8, 3], expected [batch, height, width, 3].`,
    );
    expect(apply([1, 8, 8, 3], [0.5, 0.5, 0.5])).toThrow(
      `${name}: setting: got [0.5,0.5,0.5], expected one factor, or 2 (one per downsampling step).`,
    );
  });
});

test('every refusal is an error of @sshn', () => {
  for (const name of architectureNames)
    for (const value of [null, -1, 1e300, 'x', [], {}, [[]], true])
      for (const key of ['rank', 'features', 'stages', 'kernelSize', 'slope', 'film', 'x']) {
        const options = { inChannels: 1, outChannels: 2, [key]: value } as Architectures['unet'];
        try {
          createNetwork(name, options);
        } catch (error) {
          expect(error).toBeInstanceOf(SshnError);
        }
      }
});
