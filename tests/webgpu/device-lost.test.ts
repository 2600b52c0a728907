import { fastWebgpuStatus, useFastWebgpu, WebgpuDeviceLostError } from '@sshn/backend-webgpu';
import { resizeLinear } from '@sshn/ops';
import { add, backend, ones } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { hasWebgpu } from './compare.js';

/** Takes the device away as a driver does. */
const destroyDevice = (): void => (backend() as unknown as { device: { destroy(): void } }).device.destroy();

describe.skipIf(!hasWebgpu)('a device that is lost', { timeout: 180_000 }, () => {
  test('ends what waits and what comes in one clear error, until webgpu is started again', async () => {
    await useFastWebgpu();
    const x = add(ones([64, 64]), 1);
    const waiting = x.data();
    destroyDevice();
    await expect(waiting).rejects.toThrow(WebgpuDeviceLostError);
    await expect(x.data()).rejects.toThrow(/^The GPU was taken away, .* call useFastWebgpu\(\) again/);
    expect(() => add(ones([64, 64]), 1)).toThrow(WebgpuDeviceLostError);
    // A kernel of ours.
    await expect((async () => resizeLinear(ones([1, 4, 4, 1]), [8, 8]).data())()).rejects.toThrow(
      WebgpuDeviceLostError,
    );
    expect(fastWebgpuStatus()?.problems.join()).toMatch(/device was lost/);

    const { problems } = await useFastWebgpu();
    expect(problems).toEqual([]);
    expect([...(await resizeLinear(ones([1, 2, 2, 1]), [3, 3]).data())]).toEqual(Array(9).fill(1));
  });
});
