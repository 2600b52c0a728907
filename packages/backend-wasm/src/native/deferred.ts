import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { TensorInfo } from '@tensorflow/tfjs-core';

/** An outer product `column[i] * row[j]`, `[height, width]`: the addresses of its factors. */
export interface OuterProduct {
  readonly column: number;
  readonly row: number;
  readonly height: number;
  readonly width: number;
}

/** What becomes of a product. */
export interface OuterProductFate {
  /** Writes its values to an address. Uses no scratch, for it may interrupt any kernel. */
  write(address: number, product: OuterProduct): void;
  /** Frees its factors. */
  release(product: OuterProduct): void;
}

type DataId = TensorInfo['dataId'];

/**
 * Outer products whose values are written only when somebody looks at them.
 *
 * The gradient to a head is one: tens of millions of values, which Adam can form by itself from a few hundred factors. To
 * everybody else it is an ordinary tensor. Whoever wants its address asks the backend's map of data first, and there we
 * write the values; counting references and disposing do not need them.
 */
export class DeferredProducts {
  readonly #backend: BackendWasm;
  readonly #fate: OuterProductFate;
  readonly #pending = new Map<DataId, OuterProduct>();
  readonly #restore: Array<() => void> = [];
  #isOnlyCounting = false;

  constructor(backend: BackendWasm, fate: OuterProductFate) {
    this.#backend = backend;
    this.#fate = fate;
    this.#watchAddresses();
    this.#watchCounts();
  }

  /** Makes the values of `tensor`, which have not been read yet, those of a product. */
  defer(tensor: TensorInfo, product: OuterProduct): void {
    this.#pending.set(tensor.dataId, product);
  }

  /** The factors of a tensor that is not written yet. */
  factorsOf(tensor: TensorInfo): OuterProduct | undefined {
    return this.#pending.get(tensor.dataId);
  }

  /** Writes what is pending and leaves the backend as it was. */
  dispose(): void {
    for (const dataId of [...this.#pending.keys()]) this.#backend.dataIdMap.get(dataId);
    for (const restore of this.#restore) restore();
  }

  #watchAddresses(): void {
    const map = this.#backend.dataIdMap;
    const { get } = map;
    this.#restore.push(() => Object.assign(map, { get }));
    map.get = (dataId) => {
      const data = get.call(map, dataId);
      const product = this.#isOnlyCounting ? undefined : this.#pending.get(dataId);
      if (product !== undefined) {
        this.#pending.delete(dataId);
        this.#fate.write(data.memoryOffset >>> 0, product);
        this.#fate.release(product);
      }
      return data;
    };
  }

  #watchCounts(): void {
    const backend = this.#backend;
    const { disposeData, incRef, refCount } = backend;
    this.#restore.push(() => Object.assign(backend, { disposeData, incRef, refCount }));
    backend.incRef = (dataId) => this.#counting(() => incRef.call(backend, dataId));
    backend.refCount = (dataId) => this.#counting(() => refCount.call(backend, dataId));
    backend.disposeData = (dataId, force) => {
      const product = this.#pending.get(dataId);
      const isGone = this.#counting(() => disposeData.call(backend, dataId, force));
      if (isGone && product !== undefined) {
        this.#pending.delete(dataId);
        this.#fate.release(product);
      }
      return isGone;
    };
  }

  #counting<Result>(work: () => Result): Result {
    this.#isOnlyCounting = true;
    try {
      return work();
    } finally {
      this.#isOnlyCounting = false;
    }
  }
}
