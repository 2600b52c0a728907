/** What of tfjs' pool of buffers is used here: a freed buffer waits for the next tensor of its size. */
export interface BufferManager {
  readonly freeBuffers: ReadonlyMap<string, GPUBuffer[]>;
  acquireBuffer(size: number, usage: number, mappedAtCreation?: boolean, reuse?: boolean): GPUBuffer;
  releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void;
  dispose(): void;
}

interface Kept {
  readonly layout: GPUBindGroupLayout;
  readonly buffers: readonly GPUBuffer[];
  readonly group: GPUBindGroup;
}

/** Bind groups that are kept, some thousand bytes each; all are forgotten when there are more. */
const MOST_KEPT = 8192;

/**
 * Bind groups, kept for the next time that the same buffers are bound. A step makes few new ones, as it gets the buffers of the
 * step before: of those that are free the one that was made first. (tfjs takes the one that was freed last, so that buffers
 * change places from step to step.)
 */
export class BindGroups {
  /** Buffers of tfjs' pool in the order of their making. Others may be destroyed at any time, and are not kept. */
  readonly #numbers = new WeakMap<GPUBuffer, number>();
  /** By a hash of the numbers. */
  readonly #kept = new Map<number, Kept[]>();
  #count = 0;
  #nextNumber = 1;

  constructor(
    private readonly device: GPUDevice,
    manager: BufferManager,
  ) {
    const { acquireBuffer, releaseBuffer, dispose } = manager;
    manager.acquireBuffer = (size, usage, mappedAtCreation = false, reuse = true) => {
      const free = reuse ? manager.freeBuffers.get(`${size}_${usage}`) : undefined;
      if (free !== undefined && free.length > 1) this.#putFirstMadeLast(free);
      const buffer = acquireBuffer.call(manager, size, usage, mappedAtCreation, reuse);
      if (reuse && !this.#numbers.has(buffer)) this.#numbers.set(buffer, this.#nextNumber++);
      return buffer;
    };
    manager.releaseBuffer = (buffer, reuse = true) => {
      if (!reuse && this.#numbers.delete(buffer)) this.#forget();
      releaseBuffer.call(manager, buffer, reuse);
    };
    manager.dispose = () => {
      this.#forget();
      dispose.call(manager);
    };
  }

  /** How many are kept. */
  get count(): number {
    return this.#count;
  }

  /** Storage buffers at bindings 0, 1, …, and `args` after them, so many bytes of it. */
  of(
    layout: GPUBindGroupLayout,
    buffers: readonly GPUBuffer[],
    args: GPUBuffer,
    argumentBytes: number,
  ): GPUBindGroup {
    let hash = 0;
    let mayKeep = true;
    for (const buffer of buffers) {
      const number = this.#numbers.get(buffer);
      if (number === undefined) mayKeep = false;
      else hash = (Math.imul(hash, 31) + number) | 0;
    }
    const alike = this.#kept.get(hash) ?? [];
    const known = alike.find(
      (one) => one.layout === layout && one.buffers.every((buffer, i) => buffer === buffers[i]),
    );
    if (known !== undefined) return known.group;
    const entries: GPUBindGroupEntry[] = buffers.map((buffer, binding) => ({
      binding,
      resource: { buffer },
    }));
    entries.push({ binding: buffers.length, resource: { buffer: args, size: argumentBytes } });
    const group = this.device.createBindGroup({ layout, entries });
    if (mayKeep) {
      alike.push({ layout, buffers, group });
      this.#kept.set(hash, alike);
      if (++this.#count > MOST_KEPT) this.#forget();
    }
    return group;
  }

  /** tfjs takes the last. */
  #putFirstMadeLast(free: GPUBuffer[]): void {
    const last = free.length - 1;
    let [first, least] = [last, Infinity];
    for (let i = 0; i <= last; i++) {
      const number = this.#numbers.get(free[i]!) ?? Infinity;
      if (number < least) [first, least] = [i, number];
    }
    [free[first], free[last]] = [free[last]!, free[first]!];
  }

  #forget(): void {
    this.#kept.clear();
    this.#count = 0;
  }
}
