import { useFastWebgpu } from '@sshn/backend-webgpu';
import { integrateVelocity, warp, warpLabels } from '@sshn/registration';
import { add, dispose, engine, mul, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectSame, hasWebgpu, noise, withGradients } from './compare.js';

const cases = fc.sample(
  fc.integer({ min: 2, max: 3 }).chain((rank) =>
    fc.record({
      batch: fc.integer({ min: 1, max: 3 }),
      size: fc.array(fc.integer({ min: 1, max: rank === 2 ? 9 : 5 }), { minLength: rank, maxLength: rank }),
      channels: fc.constantFrom(1, 2, 3, 5),
      reach: fc.constantFrom(0.4, 2, 30),
      interpolation: fc.constantFrom('linear' as const, 'nearest' as const),
      padding: fc.constantFrom('border' as const, 'zeros' as const, 'reflect' as const),
    }),
  ),
  30,
);
type Case = (typeof cases)[number];

const image = ({ batch, size, channels }: Case): Tensor => noise('image', [batch, ...size, channels]);
const field = ({ batch, size, reach }: Case): Tensor => noise('field', [batch, ...size, size.length], reach);

describe.skipIf(!hasWebgpu)('warping', { timeout: 180_000 }, () => {
  test('values, and gradients to image and field', async () => {
    await expectSame(cases, (c) => withGradients((x, u) => warp(x!, u!, c), [image(c), field(c)]), 2e-5);
  });

  test('integrated velocities, which warp themselves', async () => {
    await expectSame(
      cases.filter(({ reach }) => reach < 30).slice(0, 6),
      (c) => withGradients((v) => integrateVelocity(v!), [field(c)]),
      1e-4,
    );
  });

  test('labels stay integers', async () => {
    await expectSame(
      cases,
      (c) => {
        const labels = tensor(
          Int32Array.from({ length: c.batch * c.size.reduce((a, b) => a * b, 1) }, (_, i) => (i * 7) % 5),
          [c.batch, ...c.size],
          'int32',
        );
        const warped = warpLabels(labels, field(c), {
          padding: c.padding === 'reflect' ? 'border' : c.padding,
        });
        expect(warped.dtype).toBe('int32');
        return [warped];
      },
      1e-6,
    );
  });

  test('dy of any magnitude, down to where it is nothing', async () => {
    await expectSame(
      [1e30, 1e-20, 0].flatMap((scale) => cases.slice(0, 3).map((c) => ({ ...c, scale }))),
      (c) => {
        const [, toImage] = withGradients((x) => mul(warp(x!, field(c), c), c.scale), [image(c)]);
        // Back to numbers near 1, so that they can be compared.
        return [mul(toImage!, c.scale === 0 ? 1 : 1 / c.scale)];
      },
      2e-5,
    );
  });

  test('what many places add to one voxel loses no digit, where large terms cancel', async () => {
    await useFastWebgpu();
    const pairs = Array.from({ length: 40 }, (_, i) => Math.sin(i + 1)).flatMap((term) => [term, -term]);
    const rest = Math.fround(1e-6);
    const dy = tensor([...pairs, rest], [1, 81, 1, 1]);
    const attributes = { interpolation: 'linear', padding: 'border', inputSize: [1, 1] };
    const inputs = { dy, field: zeros([1, 81, 1, 2]) };
    const gradient = engine().runKernel('SshnWarpGradImage', inputs, attributes) as Tensor;
    expect(Math.abs((await gradient.data())[0]! - rest)).toBeLessThan(1e-12);
    dispose([dy, inputs.field, gradient]);
  });

  test('an entry of the field that is no number shows', async () => {
    const c = cases.find(({ size, interpolation }) => size.length === 2 && interpolation === 'linear')!;
    await expectSame(
      [c],
      () => {
        const hole = tensor([Number.NaN, ...new Array<number>(field(c).size - 1).fill(0)], field(c).shape);
        return [warp(image(c), add(field(c), hole), c)];
      },
      2e-5,
    );
  });
});
