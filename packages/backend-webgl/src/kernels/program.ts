import type { GPGPUProgram, MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';

/**
 * GLSL that computes one value of the output: `float valueAt(int index)`, index into the flattened output.
 *
 * An input `x` is read as `getX(int)`, its flattened entries. One program serves all shapes: sizes are uniforms.
 */
export interface FlatProgram {
  readonly inputs: readonly string[];
  readonly integers?: readonly string[];
  readonly floats?: readonly string[];
  readonly code: string;
}

/** What a run reads and writes; numbers in the order in which the program names them. */
export interface FlatRun {
  readonly inputs: readonly TensorInfo[];
  readonly integers?: readonly number[];
  readonly floats?: readonly number[];
  readonly shape: readonly number[];
  readonly dtype?: DataType;
}

/** Runs a program over all values of its output. */
export function run(backend: MathBackendWebGL, program: FlatProgram, given: FlatRun): TensorInfo {
  const { integers = [], floats = [], dtype = 'float32' } = given;
  const shape = [...given.shape];
  const opened = given.inputs.map((x) => unpacked(backend, x));
  const output = backend.runWebGLProgram(
    {
      variableNames: [...program.inputs],
      outputShape: [util.sizeFromShape(shape)],
      customUniforms: uniformsOf(program),
      enableShapeUniforms: true,
      userCode: `${program.code}
void main() { setOutput(valueAt(getOutputCoords())); }`,
    },
    opened.map(({ info }) => ({ ...info, shape: [util.sizeFromShape(info.shape)] })),
    dtype,
    [...integers, ...floats].map((value) => [value]),
  );
  for (const { info, isOurs } of opened) if (isOurs) backend.disposeIntermediateTensorInfo(info);
  backend.texData.get(output.dataId).shape = shape;
  return { ...output, shape };
}

/** GLSL for one of the outputs of a function of equally many values, each for itself: `VALUE pointwise(VALUE xValue, …)`. */
export interface PointwiseProgram {
  readonly inputs: readonly string[];
  readonly floats: readonly string[];
  /** The body of that function, where VALUE is float or vec4. */
  readonly body: string;
}

/** Runs it, on four values at once where the first input lies in the GPU that way. */
export function runPointwise(
  backend: MathBackendWebGL,
  { inputs: names, floats: floatNames, body }: PointwiseProgram,
  { inputs, floats }: { readonly inputs: readonly TensorInfo[]; readonly floats: readonly number[] },
): TensorInfo {
  const isPacked = liesPacked(backend, inputs[0]!);
  const type = isPacked ? 'vec4' : 'float';
  const pointwise = `#define VALUE ${type}
${type} pointwise(${names.map((name) => `${type} ${name}Value`).join(', ')}) {
  ${body}
}`;
  const values = (suffix: string) => names.map((name) => `get${capital(name)}${suffix}`).join(', ');
  const program = { inputs: names, floats: floatNames };
  if (!isPacked) {
    const code = `${pointwise}
float valueAt(int index) { return pointwise(${values('(index)')}); }`;
    return run(backend, { ...program, code }, { inputs, floats, shape: inputs[0]!.shape });
  }
  // Up to three axes, the last two as they are, so that blocks of four stay.
  const shape = [...inputs[0]!.shape];
  const shape3 = [util.sizeFromShape(shape.slice(0, -2)), ...shape.slice(-2)];
  while (shape3.length < 3) shape3.unshift(1);
  const gpgpu: GPGPUProgram = {
    variableNames: [...names],
    outputShape: shape3,
    packedInputs: true,
    packedOutput: true,
    customUniforms: uniformsOf(program),
    enableShapeUniforms: true,
    userCode: `${pointwise}
void main() { setOutput(pointwise(${values('AtOutCoords()')})); }`,
  };
  const output = backend.runWebGLProgram(
    gpgpu,
    inputs.map((x) => ({ ...x, shape: shape3 })),
    'float32',
    floats.map((value) => [value]),
  );
  backend.texData.get(output.dataId).shape = shape;
  return { ...output, shape };
}

function uniformsOf({ integers = [], floats = [] }: Pick<FlatProgram, 'integers' | 'floats'>) {
  return [
    ...integers.map((name) => ({ name, type: 'int' as const })),
    ...floats.map((name) => ({ name, type: 'float' as const })),
  ];
}

/** Whether a tensor lies in the GPU in blocks of four values. */
function liesPacked(backend: MathBackendWebGL, { dataId }: TensorInfo): boolean {
  const { isPacked, texture } = backend.texData.get(dataId);
  return Boolean(isPacked) && texture != null;
}

/** The tensor with one value to a pixel, in order, so that it may be read flattened. */
function unpacked(backend: MathBackendWebGL, info: TensorInfo): { info: TensorInfo; isOurs: boolean } {
  if (!liesPacked(backend, info)) return { info, isOurs: false };
  return { info: (backend as unknown as Packing).unpackTensor(info), isOurs: true };
}

interface Packing {
  unpackTensor(input: TensorInfo): TensorInfo;
}

const capital = (name: string): string => name[0]!.toUpperCase() + name.slice(1);
