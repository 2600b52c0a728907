import { createNetwork } from '@sshn/architectures';
import { useFastWasm } from '@sshn/backend-wasm';
import { initialize, namedParams, Rng, setting } from '@sshn/core';
import { valueAndGradients } from '@sshn/ops';
import {
  backend,
  mean,
  memory,
  profile,
  type Scalar,
  square,
  tensor,
  tidy,
  util,
  zeros,
} from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

/** [architecture, its options, factor, how many convolutions of a decoder have the map at its own resolution] */
const cases = [
  ['unet', {}, 0.1, 2],
  ['unet', {}, 0.4, 2],
  ['unet', {}, 0.9, 0],
  ['unet', { film: true, activation: 'silu' }, 0.25, 2],
  ['unet', { normalization: 'group', deepSupervision: true }, 0.1, 2],
  ['unet', { kernelSize: 5 }, 0.1, 0],
  // A residual stage has two convolutions that read the maps. That of 1×1 is none of these.
  ['resunet', {}, 0.1, 2],
  ['resunet', { dropout: 0 }, 0.9, 0],
  ['senet', {}, 0.25, 2],
  ['unet', { rank: 3, features: 4, film: true }, 0.25, 2],
  ['unet', { rank: 3, features: 4, normalization: 'group' }, 0.5, 2],
  ['unet', { rank: 3, features: 4 }, 0.9, 0],
  ['resunet', { rank: 3, features: 4 }, 0.25, 2],
  ['senet', { rank: 3, features: 4 }, 0.25, 2],
  ['fpn', {}, 0.1, 0],
  ['pspnet', {}, 0.1, 0],
] as const;

const rng = Rng.fromSeed(3);
const pixels = Float32Array.from({ length: 2 * 37 * 29 * 2 }, () => rng.normal());

/** The loss, the gradients to all parameters, and how often a map was convolved at its own resolution. */
async function step(name: (typeof cases)[number][0], options: object, factor: number) {
  const network = createNetwork(name, { inChannels: 2, outChannels: 3, features: 8, stages: 3, ...options });
  const shape = [2, ...(network.rank === 3 ? [9, 8, 14] : [37, 29]), 2];
  const image = tensor(pixels.subarray(0, util.sizeFromShape(shape)), shape);
  const params = initialize(network.specs, Rng.fromSeed(1));
  const loss = (tree = params) =>
    tidy(() => mean(square(network.apply(tree, image, setting(factor)))) as Scalar);
  const { kernels } = await profile(() => loss());
  const { value, gradients } = valueAndGradients(params, loss);
  const named = [...namedParams(gradients)];
  return {
    loss: value.dataSync()[0]!,
    gradients: named.map(([path, gradient]) => [path, gradient.dataSync()] as const),
    joins: kernels.filter((kernel) => kernel.name === 'SshnConvJoin').length,
  };
}

const largest = (values: Iterable<number>) => Math.max(...Array.from(values, Math.abs));

test.each(cases)('%s %j at %d is that of an upsampled map', async (name, options, factor, joins) => {
  await useFastWasm({ native: false });
  const composed = await step(name, options, factor);
  await useFastWasm({ threads: 1 });
  const compiled = await step(name, options, factor);

  expect([composed.joins, compiled.joins]).toEqual([0, joins]);
  expect(Math.abs(compiled.loss / composed.loss - 1)).toBeLessThan(1e-5);
  // Before a normalization the gradient to a bias is nothing but rounding.
  const floor = 1e-2 * largest(composed.gradients.map(([, values]) => largest(values)));
  for (const [i, [path, values]] of compiled.gradients.entries()) {
    const expected = composed.gradients[i]![1];
    const error = largest(values.map((value, j) => value - expected[j]!));
    expect(error / Math.max(largest(expected), floor), path).toBeLessThan(1e-4);
  }
});

test('an inference of a volume holds two maps of full resolution and little more', async () => {
  await useFastWasm({ threads: 1 });
  const network = createNetwork('unet', { rank: 3, inChannels: 1, outChannels: 2, features: 8, stages: 3 });
  const params = initialize(network.specs, Rng.fromSeed(1));
  const image = zeros([1, 24, 24, 24, 1]);
  const before = memory().numBytes;
  const { peakBytes } = await profile(() => network.apply(params, image, setting(0.5)));
  const maps = (peakBytes - before) / (24 ** 3 * 8 * 4);
  expect(maps).toBeGreaterThan(2);
  expect(maps).toBeLessThan(2.5);
});

test('inferences of volumes at several factors take no more memory of wasm from the second pass on', async () => {
  await useFastWasm({ threads: 1 });
  const network = createNetwork('unet', { rank: 3, inChannels: 1, outChannels: 4, features: 16 });
  const params = initialize(network.specs, Rng.fromSeed(1));
  const image = zeros([1, 48, 56, 64, 1]);
  const { wasm } = backend() as unknown as { readonly wasm: { readonly HEAPU8: Uint8Array } };
  const heapBytes = () => wasm.HEAPU8.buffer.byteLength;
  const heaps = [0.1, 0.25, 0.1, 0.25].map((factor) => {
    const logits = network.apply(params, image, setting(factor));
    logits.dataSync();
    logits.dispose();
    return heapBytes();
  });
  expect(heaps.slice(2)).toEqual(heaps.slice(2).fill(heaps[1]!));
});
