import { expect, test } from 'vitest';
import { ArgumentBuffer } from './argument-buffer.js';

test('the arguments of many programs are written once, before they are submitted', () => {
  Object.assign(globalThis, { GPUBufferUsage: { COPY_DST: 8, UNIFORM: 64 } });
  const calls: string[] = [];
  const recorder = {
    device: {
      limits: { minUniformBufferOffsetAlignment: 16 },
      createBuffer: ({ size }: GPUBufferDescriptor) => ({ size }),
    } as unknown as GPUDevice,
    queue: {
      writeBuffer: (_: GPUBuffer, at: number, data: ArrayBuffer, from: number, bytes: number) => {
        const integers = [...new Uint32Array(data, from, bytes / 4)];
        calls.push(`write at ${at}: ${integers}; ${new Float32Array(data)[1]}`);
      },
    } as unknown as GPUQueue,
    submitQueue: () => void calls.push('submit'),
  };
  const args = new ArgumentBuffer(recorder, 4);
  expect([1, 4, 5].map((count) => args.bytesOf(count))).toEqual([16, 16, 32]);

  expect(args.put([7], [1.5])).toBe(0);
  expect(args.put([1, 2, 3, 4, 5], [])).toBe(16);
  expect(args.hasRoom(16)).toBe(true);
  expect(args.hasRoom(32)).toBe(false);
  recorder.submitQueue();
  recorder.submitQueue();
  expect(args.put([8, 9], [])).toBe(0);
  recorder.submitQueue();
  const bits = new Uint32Array(Float32Array.of(1.5).buffer)[0];
  expect(calls).toEqual([
    `write at 0: 7,${bits},0,0,1,2,3,4,5,0,0,0; 1.5`,
    'submit',
    'submit',
    expect.stringMatching(/^write at 0: 8,9,0,0;/),
    'submit',
  ]);
  Reflect.deleteProperty(globalThis, 'GPUBufferUsage');
});
