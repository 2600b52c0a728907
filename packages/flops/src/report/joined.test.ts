import { createNetwork } from '@sshn/architectures';
import { setting } from '@sshn/core';
import { applyConvolution, applyJoinedConvolution, resizeLinear } from '@sshn/ops';
import { concat, leakyRelu, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { countFlops, countModule } from '../index.js';

const shapes = (...all: number[][]) => all.map((shape) => ({ shape }));
const convolve = (low: Tensor, skip: Tensor, kernel: Tensor, bias: Tensor) =>
  applyJoinedConvolution({ low, skip }, kernel, bias, 0.01);

describe('maps of decoders convolved at their own resolution take', () => {
  test('of an image, 3×3', () => {
    const [low, skip, out, pixels] = [5, 7, 6, 2 * 20 * 30];
    const { macs, flops, joined } = countFlops(
      convolve,
      shapes([2, 4, 9, low], [2, 20, 30, skip], [3, 3, low + skip, out], [out]),
    );
    expect(macs).toBe(pixels * 9 * (low + skip) * out);
    const expected = pixels * 9 * skip * out + 2 * 4 * 9 * 9 * low * out + pixels * out * (6 + (18 * 9) / 30);
    expect(joined.macs).toBeCloseTo(expected, 6);
    // Bias and rectifier, and the sum of both halves; the interpolation of the map is gone.
    expect(joined.flops).toBeCloseTo(2 * expected + 3 * pixels * out, 6);
    expect(flops).toBe(2 * macs + 2 * pixels * out + 4 * pixels * low);
  });

  test('of a volume, 3×3×3', () => {
    const [low, skip, out, voxels] = [3, 2, 4, 10 * 12 * 8];
    const { joined } = countFlops(
      convolve,
      shapes([1, 2, 3, 4, low], [1, 10, 12, 8, skip], [3, 3, 3, low + skip, out], [out]),
    );
    const weights = 6 + (18 * 4) / 8 + (54 * 3 * 4) / (12 * 8);
    const expected = voxels * 27 * skip * out + 2 * 3 * 4 * 27 * low * out + voxels * out * weights;
    expect(joined.macs).toBeCloseTo(expected, 6);
    expect(joined.flops).toBeCloseTo(2 * expected + 3 * voxels * out, 6);
  });

  test('of 1×1: it comes before the upsampling', () => {
    const [low, skip, out, pixels] = [8, 3, 2, 16 * 16];
    const { joined } = countFlops(
      convolve,
      shapes([1, 4, 4, low], [1, 16, 16, skip], [1, 1, low + skip, out], [out]),
    );
    const expected = pixels * skip * out + 16 * low * out;
    expect(joined).toEqual({ macs: expected, flops: 2 * expected + (2 + 4 + 1) * pixels * out });
  });

  test('what they take otherwise, where that is less, or where the upsampled map or its concatenation is read by others too', () => {
    const inputs = (size: number, edge: number) =>
      shapes([1, size, size, 4], [1, 16, 16, 4], [edge, edge, 8, 4], [4]);
    const plain = (f: typeof convolve, ...given: Parameters<typeof inputs>) => {
      const { macs, flops, joined } = countFlops(f, inputs(...given));
      return joined.macs === macs && joined.flops === flops;
    };
    expect(plain(convolve, 4, 3)).toBe(false);
    expect(plain(convolve, 16, 3)).toBe(true);
    expect(plain(convolve, 4, 5)).toBe(true);
    const readTwice =
      (of: 'map' | 'concatenation') => (low: Tensor, skip: Tensor, kernel: Tensor, bias: Tensor) => {
        const up = resizeLinear(low, [16, 16]);
        const both = concat([up, skip], 3);
        return concat([applyConvolution(both, kernel, bias), leakyRelu(of === 'map' ? up : both)], 3);
      };
    expect(plain(readTwice('map'), 4, 3)).toBe(true);
    expect(plain(readTwice('concatenation'), 4, 3)).toBe(true);
  });

  test.each([
    ['unet', 0.7, 0.85],
    ['resunet', 0.7, 0.85],
    ['senet', 0.7, 0.85],
    ['fpn', 1, 1],
    ['pspnet', 1, 1],
  ] as const)('of the whole %s, a share between', (kind, at0, atHalf) => {
    const network = createNetwork(kind, { inChannels: 1, outChannels: 25, features: 32 });
    const shares = [0, 0.1, 0.25, 0.4, 0.5].map((factor) => {
      const { flops, joined } = countModule(network, { inputShape: [1, 256, 256, 1], at: setting(factor) });
      return joined.flops / flops;
    });
    expect(shares).toEqual([...shares].sort());
    expect(shares[0]).toBeGreaterThan(at0 - 0.1);
    expect(shares.at(-1)).toBeLessThanOrEqual(atHalf);
    if (kind === 'fpn' || kind === 'pspnet') expect(new Set(shares)).toEqual(new Set([1]));
  });
});
