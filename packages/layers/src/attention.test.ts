import { initialize, namedParams, namedSpecs, OptionError, type ParamsOf, Rng, setting } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted } from '@sshn-internal/testing';
import { type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { type SqueezeExcitationKind, squeezeExcitation } from './attention.js';
import { expectNothingLeft } from './testing/leaves-nothing.js';

const at = setting(0.5);
const kinds = ['channel', 'spatial', 'concurrent'] as const;
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** As written in the papers, in double precision. */
function reference(x: Tensor, params: ReadonlyMap<string, Tensor>, kind: SqueezeExcitationKind): number[] {
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const values = x.dataSync();
  const positions = values.length / (batch * channels);
  const numbers = (path: string) => [...(params.get(path)?.dataSync() ?? [])];
  const product = (code: number[], layer: string) => {
    const [kernel, bias] = [numbers(`${layer}.kernel`), numbers(`${layer}.bias`)];
    return bias.map((b, out) => code.reduce((sum, c, i) => sum + c * kernel[i * bias.length + out]!, b));
  };
  const channelGates = Array.from({ length: batch }, (_, b) => {
    const means = Array.from({ length: channels }, (_, c) => {
      let sum = 0;
      for (let p = 0; p < positions; p++) sum += values[(b * positions + p) * channels + c]!;
      return sum / positions;
    });
    const hidden = product(means, 'squeeze').map((h) => Math.max(h, 0));
    return product(hidden, 'excite').map(sigmoid);
  });
  return Array.from(values, (value, i) => {
    const [position, c] = [Math.floor(i / channels), i % channels];
    const pixel = [...values.subarray(position * channels, (position + 1) * channels)];
    const s = kind === 'spatial' ? 0 : channelGates[Math.floor(position / positions)]![c]!;
    const q = kind === 'channel' ? 0 : sigmoid(product(pixel, 'spatial')[0]!);
    return value * s + value * q;
  });
}

test('names, and their types', () => {
  const names = (kind: SqueezeExcitationKind) =>
    namedSpecs(squeezeExcitation({ channels: 16, kind }).specs).map(([path, { shape }]) => [path, ...shape]);
  const channel = [
    ['excite.bias', 16],
    ['excite.kernel', 2, 16],
    ['squeeze.bias', 2],
    ['squeeze.kernel', 16, 2],
  ];
  const spatial = [
    ['spatial.bias', 1],
    ['spatial.kernel', 1, 1, 16, 1],
  ];
  expect(names('channel')).toEqual(channel);
  expect(names('spatial')).toEqual(spatial);
  expect(names('concurrent')).toEqual([...channel.slice(0, 2), ...spatial, ...channel.slice(2)]);
  const layer = squeezeExcitation({ channels: 4 });
  expectTypeOf<ParamsOf<typeof layer.specs>['squeeze']['kernel']>().toEqualTypeOf<Tensor>();
});

test.each([
  [1, 1, 1],
  [3, undefined, 1],
  [12, undefined, 2],
  [16, 0.5, 8],
])('%i channels, ratio %f: %i hidden units', (channels, ratio, hidden) => {
  const { specs } = squeezeExcitation({ channels, ...(ratio === undefined ? {} : { ratio }) });
  expect(specs.squeeze.kernel.shape).toEqual([channels, hidden]);
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('by hand: gates of ½ where all weights are 0', () => {
    const x = tensor([2, 4], [1, 1, 1, 2]);
    for (const [kind, want] of [
      ['channel', [1, 2]],
      ['spatial', [1, 2]],
      ['concurrent', [2, 4]],
    ] as const) {
      const params = {
        squeeze: { kernel: zeros([2, 1]), bias: zeros([1]) },
        excite: { kernel: zeros([1, 2]), bias: zeros([2]) },
        spatial: { kernel: zeros([1, 1, 2, 1]), bias: zeros([1]) },
      };
      const y = squeezeExcitation({ channels: 2, kind }).apply(params, x, at);
      expect([...y.dataSync()]).toEqual(want);
    }
  });

  const shapes = [
    [2, 5, 3, 4],
    [1, 1, 1, 3],
    [3, 7, 1, 1],
    [2, 3, 2, 1, 4],
  ];
  const cases = kinds.flatMap((kind) => shapes.map((shape) => ({ kind, shape })));

  test.each(cases)('$kind of $shape: value and gradients', ({ kind, shape }) => {
    const [rank, channels] = [(shape.length - 2) as 2 | 3, shape.at(-1)!];
    const layer = squeezeExcitation({
      rank,
      channels,
      kind,
      ratio: kind === 'spatial' ? undefined : 0.5,
    } as never);
    const params = new Map(namedParams(initialize(layer.specs, Rng.fromSeed(3))));
    // Off the kink of the hidden units.
    const hidden = params.get('squeeze.bias')?.size ?? 0;
    if (hidden > 0)
      params.set('squeeze.bias', tensor(Array.from({ length: hidden }, (_, i) => 2 - 4 * (i % 2))));
    const x = distinct(shape);
    const tree = (tensors: readonly Tensor[]) => {
      const nested: Record<string, Record<string, Tensor>> = {};
      [...params.keys()].forEach((path, i) => {
        const [branch, leaf] = path.split('.') as [string, string];
        nested[branch] = { ...nested[branch], [leaf]: tensors[i]! };
      });
      return nested as never;
    };
    const y = layer.apply(tree([...params.values()]), x, at);
    expect(y.shape).toEqual(shape);
    const want = reference(x, params, kind);
    y.dataSync().forEach((value, i) => {
      expect(Math.abs(value - want[i]!)).toBeLessThan(1e-5);
    });
    const f = (input: Tensor, ...tensors: Tensor[]) => weighted(layer.apply(tree(tensors), input, at));
    expect(gradientError(f as never, [x, ...params.values()], 0.02)).toBeLessThan(3e-3);
  });

  test.each(kinds)('%s leaves nothing behind, forward and backward', async (kind) => {
    await expectNothingLeft(squeezeExcitation({ channels: 3, kind }), [2, 3, 1, 3], at);
  });
});

test('refuses what makes no layer, and features that do not fit', () => {
  expect(() => squeezeExcitation({ channels: 4, kind: 'chanel' as never })).toThrow(OptionError);
  expect(() => squeezeExcitation({ channels: 0 })).toThrow('squeezeExcitation: channels: got 0');
  expect(() => squeezeExcitation({ channels: 4, rank: 1 as never })).toThrow(
    'squeezeExcitation: rank: got 1',
  );
  for (const ratio of [0, -1, 1.5, Number.NaN]) {
    expect(() => squeezeExcitation({ channels: 4, ratio })).toThrow(
      `squeezeExcitation: ratio: got ${ratio}, expected a number in (0, 1].`,
    );
  }
  expect(() => squeezeExcitation({ channels: 4, kind: 'spatial', ratio: 0.5 })).toThrow(
    "squeezeExcitation: ratio of 'spatial': got 0.5, expected no ratio",
  );
  const layer = squeezeExcitation({ channels: 4, kind: 'spatial' });
  const params = initialize(layer.specs, Rng.fromSeed(1));
  expect(() => layer.apply(params, zeros([1, 2, 2, 3]), at)).toThrow(
    'squeezeExcitation: got shape [1, 2, 2, 3], expected [batch, height, width, 4].',
  );
});
