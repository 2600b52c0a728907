import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';

/** Threads of a workgroup where a shader does not say: every device has as many, most run 32 or 64 in step. */
const WORKGROUP = 64;

/** A WGSL program; all tensors are flat arrays to it, shapes come as uniforms or are part of the code. */
export interface Shader {
  /** Tells apart all code that is made: name, and whatever is written into it. */
  readonly key: string;
  /** Names of the arrays that are read, in the order of the inputs of a run. */
  readonly inputs: readonly string[];
  /** Scalars, read as `uniforms.name`. */
  readonly uniforms?: Readonly<Record<string, 'i32' | 'f32'>>;
  /** Threads of a workgroup. @default 64 */
  readonly workgroup?: number;
  /** Whether `result` is `array<atomic<i32>>`. @default false */
  readonly isAtomic?: boolean;
  /**
   * Declarations and a `fn main(index : i32)`, which writes to `result` at its own places; `index` counts threads, beyond
   * those asked for too. `localId`, `localIndex`, `workgroupId` and `numWorkgroups` are there as well. An array of int32 or
   * bool has i32, so values are read as `f32(x[i])`.
   */
  readonly code: string;
}

/** What a shader is run on. */
export interface Run {
  readonly inputs: readonly TensorInfo[];
  readonly uniforms?: Readonly<Record<string, number>>;
  readonly threads: number;
  /** What it writes: a tensor of ours that gets further values, or the shape and type of a new one. */
  readonly output: TensorInfo | { readonly shape: readonly number[]; readonly dtype?: DataType };
}

/** Number of entries. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Runs a shader once. A new tensor's memory may hold anything: the shader has to write all of it. */
export function run(
  backend: WebGPUBackend,
  shader: Shader,
  { inputs, uniforms = {}, threads, output }: Run,
): TensorInfo {
  const { key, code, workgroup = WORKGROUP, isAtomic = false } = shader;
  const types = shader.uniforms ?? {};
  const flat = flatten(
    'dataId' in output ? output : backend.makeTensorInfo([sizeOf(output.shape)], output.dtype ?? 'float32'),
  );
  const program = {
    shaderKey: `sshn-${key}`,
    variableNames: [...shader.inputs],
    uniforms: Object.entries(types)
      .map(([name, type]) => `${name} : ${type}, `)
      .join(''),
    outputShape: flat.shape,
    workgroupSize: [workgroup, 1, 1] as [number, number, number],
    dispatchLayout: { x: [0] },
    dispatch: [Math.max(1, Math.ceil(threads / workgroup)), 1, 1] as [number, number, number],
    atomic: isAtomic,
    getUserCode: () => code,
  };
  const values = Object.entries(types).map(([name, type]) => ({
    type: type === 'f32' ? 'float32' : 'int32',
    data: [uniforms[name]!],
  }));
  backend.runWebGPUProgram(program, inputs.map(flatten), flat.dtype, values, flat);
  return { dataId: flat.dataId, dtype: flat.dtype, shape: [...output.shape] };
}

/** The same memory seen as one row; one row of another length is another tensor to tfjs, but not another shader. */
function flatten({ dataId, dtype, shape }: TensorInfo): TensorInfo {
  return { dataId, dtype, shape: [sizeOf(shape)] };
}
