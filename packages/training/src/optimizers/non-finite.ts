import type { NamedTensors } from './optimizer.js';

/** A value that should not be there, and where. */
export interface NonFinite {
  readonly path: string;
  /** NaN, Infinity or -Infinity: the first such entry, and its place in row-major order. */
  readonly value: number;
  readonly index: number;
  /** How many of the tensor's entries are not finite. */
  readonly count: number;
}

/**
 * The first tensor with an entry that is NaN or infinite; undefined if there is none.
 *
 * Reads every tensor back from the device: meant for the moment after a loss or a norm came out non-finite.
 *
 * @example
 * const bad = await firstNonFinite(gradients);
 * if (bad) console.error(`${bad.count} bad entries in ${bad.path}, the first is ${bad.value}`);
 */
export async function firstNonFinite(tensors: NamedTensors): Promise<NonFinite | undefined> {
  for (const [path, tensor] of tensors) {
    const values = await tensor.data();
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index === -1) continue;
    let count = 0;
    for (const value of values) if (!Number.isFinite(value)) count += 1;
    return { path, value: values[index]!, index, count };
  }
  return undefined;
}
