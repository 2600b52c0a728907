import * as tf from '@tensorflow/tfjs-core';
import { type KernelUse, runKernel } from '../agreement.js';

const image = { shape: [2, 3, 4, 5] };
const whole = { shape: [2, 3], dtype: 'int32' } as const;
const mask = { shape: [2, 3], dtype: 'bool' } as const;

const functions: { [kernel: string]: (x: tf.Tensor) => tf.Tensor } = {
  Abs: tf.abs,
  Acos: tf.acos,
  Acosh: tf.acosh,
  Asin: tf.asin,
  Asinh: tf.asinh,
  Atan: tf.atan,
  Atanh: tf.atanh,
  Ceil: tf.ceil,
  ClipByValue: (x) => tf.clipByValue(x, 0, 1),
  Cos: tf.cos,
  Cosh: tf.cosh,
  Elu: tf.elu,
  Erf: tf.erf,
  Exp: tf.exp,
  Expm1: tf.expm1,
  Floor: tf.floor,
  IsFinite: tf.isFinite,
  IsInf: tf.isInf,
  IsNan: tf.isNaN,
  LeakyRelu: (x) => tf.leakyRelu(x, 0.1),
  Log: tf.log,
  Log1p: tf.log1p,
  Neg: tf.neg,
  OnesLike: tf.onesLike,
  Reciprocal: tf.reciprocal,
  Relu: tf.relu,
  Relu6: tf.relu6,
  Round: tf.round,
  Rsqrt: tf.rsqrt,
  Selu: tf.selu,
  Sigmoid: tf.sigmoid,
  Sign: tf.sign,
  Sin: tf.sin,
  Sinh: tf.sinh,
  Softplus: tf.softplus,
  Sqrt: tf.sqrt,
  Square: tf.square,
  Step: (x) => tf.step(x, 0.5),
  Tan: tf.tan,
  Tanh: tf.tanh,
  ZerosLike: tf.zerosLike,
};

/** Ops that refuse integers. */
const floatOnly = new Set('Ceil Cos Cosh Elu Floor Log Rsqrt Sigmoid Sin Sqrt Tan Tanh'.split(' '));

const onlyCpu = { differsOn: 'wasm' } as const;

const binaries: { [kernel: string]: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor } = {
  Add: tf.add,
  Atan2: tf.atan2,
  Equal: tf.equal,
  FloorDiv: tf.floorDiv,
  Greater: tf.greater,
  GreaterEqual: tf.greaterEqual,
  Less: tf.less,
  LessEqual: tf.lessEqual,
  Maximum: tf.maximum,
  Minimum: tf.minimum,
  Mod: tf.mod,
  Multiply: tf.mul,
  NotEqual: tf.notEqual,
  Pow: tf.pow,
  RealDiv: tf.div,
  SquaredDifference: tf.squaredDifference,
  Sub: tf.sub,
};

/** Kernels that work element by element, on floats and integers, with and without broadcasting. */
export const elementwiseUses: readonly KernelUse[] = [
  ...Object.entries(functions).flatMap(([kernel, f]) => [
    { kernel, f, inputs: [image] },
    ...(floatOnly.has(kernel) ? [] : [{ kernel, f, inputs: [whole], ...(kernel === 'Expm1' && onlyCpu) }]),
  ]),
  ...Object.entries(binaries).flatMap(([kernel, f]) => [
    {
      kernel,
      f: f as KernelUse['f'],
      inputs: [image, { shape: [5] }],
      ...(kernel === 'FloorDiv' && onlyCpu),
    },
    {
      kernel,
      f: f as KernelUse['f'],
      inputs: [{ shape: [3, 1] }, { shape: [2, 1, 4] }],
      ...(kernel === 'FloorDiv' && onlyCpu),
    },
    { kernel: kernel === 'RealDiv' ? 'FloorDiv' : kernel, f: f as KernelUse['f'], inputs: [whole, whole] },
  ]),
  { kernel: 'AddN', f: (...x) => tf.addN(x), inputs: [image, image, image] },
  { kernel: 'BitwiseAnd', f: (a, b) => tf.bitwiseAnd(a!, b!), inputs: [whole, whole] },
  { kernel: 'Cast', f: (x) => tf.cast(x!, 'int32'), inputs: [image] },
  { kernel: 'Cast', f: (x) => tf.cast(x!, 'bool'), inputs: [whole] },
  { kernel: 'Identity', f: (x) => tf.clone(x!), inputs: [image] },
  { kernel: 'Identity', f: (x) => tf.cast(x!, 'float32'), inputs: [image] },
  { kernel: 'EluGrad', f: (dy, y) => runKernel('EluGrad', { dy: dy!, y: y! }), inputs: [image, image] },
  { kernel: 'LogicalAnd', f: (a, b) => tf.logicalAnd(a!, b!), inputs: [mask, mask] },
  { kernel: 'LogicalNot', f: (a) => tf.logicalNot(a!), inputs: [mask] },
  {
    kernel: 'LogicalOr',
    f: (a, b) => tf.logicalOr(a!, b!),
    inputs: [mask, { shape: [1, 3], dtype: 'bool' }],
  },
  { kernel: 'LogicalXor', f: (a, b) => runKernel('LogicalXor', { a: a!, b: b! }), inputs: [mask, mask] },
  { kernel: 'Prelu', f: (x, alpha) => tf.prelu(x!, alpha!), inputs: [image, { shape: [5] }] },
  {
    kernel: 'Select',
    f: (c, a, b) => tf.where(c!, a!, b!),
    inputs: [mask, { shape: [2, 3] }, { shape: [2, 3] }],
  },
  {
    kernel: 'Select',
    f: (c, a, b) => tf.where(c!, a!, b!),
    inputs: [mask, { shape: [] }, { shape: [2, 3] }],
  },
  {
    kernel: 'Select',
    f: (c, a, b) => tf.where(c!, a!, b!),
    inputs: [mask, whole, { shape: [2, 3] }],
    ...onlyCpu,
  },
];
