import {
  getKernel,
  type KernelBackend,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';

/** The inputs of a kernel, by name. */
export type Inputs = Readonly<Record<string, TensorInfo>>;

/** What tfjs calls a kernel function, for the kernels that are repaired here: one output. */
export type StockKernel = (given: {
  inputs: NamedTensorInfoMap;
  attrs?: NamedAttrMap | undefined;
  backend: KernelBackend;
}) => TensorInfo;

/** Kernels run below the tape, on the memory of a backend; what they make on the way is freed in the end. */
export class Work {
  readonly #made: TensorInfo[] = [];

  constructor(
    readonly backendName: string,
    readonly backend: KernelBackend,
    /** The kernel that is being repaired. */
    readonly stock: StockKernel,
  ) {}

  /** What the stock kernel makes of other inputs. */
  run(inputs: Inputs, attrs: object): TensorInfo {
    return this.#own(this.stock({ inputs: { ...inputs }, attrs: { ...attrs }, backend: this.backend }));
  }

  /** The same for a kernel that takes a list. */
  runList(inputs: readonly TensorInfo[]): TensorInfo {
    return this.#own(
      this.stock({ inputs: [...inputs] as unknown as NamedTensorInfoMap, backend: this.backend }),
    );
  }

  /** Another kernel. */
  kernel(name: string, inputs: Inputs, attrs: object = {}): TensorInfo {
    const { kernelFunc } = getKernel(name, this.backendName)!;
    const given = { inputs: { ...inputs }, attrs: { ...attrs } as NamedAttrMap, backend: this.backend };
    return this.#own(kernelFunc(given) as TensorInfo);
  }

  /** The same memory under another shape. */
  reshape(x: TensorInfo, shape: readonly number[]): TensorInfo {
    return this.kernel('Reshape', { x }, { shape: [...shape] });
  }

  /** `x` with three axes: all before one, that one, and all behind it. */
  around(x: TensorInfo, axis: number): TensorInfo {
    const [before, behind] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
    return this.reshape(x, [util.sizeFromShape(before), x.shape[axis]!, util.sizeFromShape(behind)]);
  }

  /** A number. */
  scalar(value: number): TensorInfo {
    const backend = this.backend as KernelBackend & {
      makeTensorInfo(shape: number[], dtype: 'float32', values: Float32Array): TensorInfo;
    };
    return this.#own(backend.makeTensorInfo([], 'float32', Float32Array.of(value)));
  }

  /** Does it, and frees all that was made but the result. */
  finish(make: (work: Work) => TensorInfo): TensorInfo {
    let result: TensorInfo | undefined;
    try {
      result = make(this);
      return result;
    } finally {
      for (const each of this.#made) if (each !== result) this.backend.disposeData(each.dataId);
    }
  }

  #own(made: TensorInfo): TensorInfo {
    this.#made.push(made);
    return made;
  }
}

/** How a kernel is done where the stock one fails; undefined where it does not. */
export type Repair<Attributes = NamedAttrMap> = (
  inputs: Inputs,
  attrs: Attributes,
) => ((work: Work) => TensorInfo) | undefined;

/** Programs of webgl and webgpu index at most so many axes. */
export const mostAxes = 4;

/** Whether stock kernels cope with a tensor. */
export function isSmall({ shape }: TensorInfo): boolean {
  return shape.length <= mostAxes || shape.includes(0);
}
