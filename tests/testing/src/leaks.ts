import { memory } from '@tensorflow/tfjs-core';

/** Runs `work` and fails if tensors outlive it; the price of one line in each test. */
export async function withoutLeak<T>(work: () => T | Promise<T>): Promise<T> {
  const before = memory().numTensors;
  const result = await work();
  const left = memory().numTensors - before;
  if (left !== 0) throw new Error(`Leak: ${left} tensor(s) outlived the call, expected 0.`);
  return result;
}
