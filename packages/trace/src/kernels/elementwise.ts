import { sizeOf, type Work } from '@sshn/ops';
import { backend_util, type CastAttrs, type DataType } from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';
import { type NamedShapes, type Of, type RuleTable, rulesFor } from './rule.js';

type Outputs = readonly [TensorShape, ...TensorShape[]];

/** So many operations per element of the output. */
const perElement =
  (operations: number) =>
  (_: NamedShapes, __: object, [y]: Outputs): Work => ({ elementwise: operations * sizeOf(y) });

/** Of the shape of x, and of its type unless the kernel has a type of its own. */
const likeX =
  (dtype?: DataType) =>
  ({ x }: Of<'x'>): TensorShape => ({ shape: x.shape, dtype: dtype ?? x.dtype });

const broadcast = (a: TensorShape, b: TensorShape): number[] =>
  backend_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);

/** Of both shapes broadcast against each other, and of the type of a unless the kernel has a type of its own. */
const ofTwo =
  (dtype?: DataType) =>
  ({ a, b }: Of<'a' | 'b'>): TensorShape => ({ shape: broadcast(a, b), dtype: dtype ?? a.dtype });

const floats =
  'Abs Acos Acosh Asin Asinh Atan Atanh Ceil ClipByValue Cos Cosh Elu Expm1 Floor Log Log1p Neg Reciprocal Relu Relu6 ' +
  'Round Rsqrt Selu Sigmoid Sign Sin Sinh Softplus Sqrt Square Step Tan Tanh';
const arithmetic = 'Add Atan2 BitwiseAnd Maximum Minimum Mod Multiply Pow RealDiv Sub';
const comparisons = 'Equal Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr LogicalXor NotEqual';

/** Element by element, on one tensor or on several that are broadcast: one operation each, whatever the function. */
export const elementwise: RuleTable = {
  ...rulesFor(floats.split(' '), { shapes: likeX(), work: perElement(1) }),
  ...rulesFor(['Erf', 'Exp', 'LeakyRelu'], { shapes: likeX('float32'), work: perElement(1) }),
  ...rulesFor(['IsFinite', 'IsInf', 'IsNan', 'LogicalNot'], { shapes: likeX('bool'), work: perElement(1) }),
  ...rulesFor(arithmetic.split(' '), { shapes: ofTwo(), work: perElement(1) }),
  ...rulesFor(comparisons.split(' '), { shapes: ofTwo('bool'), work: perElement(1) }),
  FloorDiv: { shapes: ofTwo('int32'), work: perElement(1) },
  // A difference and its square; dy times a derivative.
  SquaredDifference: { shapes: ofTwo(), work: perElement(2) },
  EluGrad: { shapes: ({ dy }: Of<'dy' | 'y'>) => dy, work: perElement(2) },
  Prelu: {
    shapes: ({ x, alpha }: Of<'x' | 'alpha'>) => ({ shape: broadcast(x, alpha), dtype: x.dtype }),
    work: perElement(1),
  },
  Select: {
    shapes: ({ t, e }: Of<'condition' | 't' | 'e'>) => ({
      shape: t.shape,
      dtype: backend_util.upcastType(t.dtype, e.dtype),
    }),
    work: perElement(1),
  },
  AddN: {
    shapes: (inputs: Of<'0'>) => inputs['0'],
    work: (inputs, _, [y]) => ({ elementwise: (Object.keys(inputs).length - 1) * sizeOf(y) }),
  },
  ...rulesFor(['Identity', 'OnesLike', 'ZerosLike'], { shapes: likeX(), work: 'free' }),
  Cast: {
    shapes: ({ x }: Of<'x'>, { dtype }: CastAttrs) => ({ shape: x.shape, dtype }),
    work: 'free',
  },
};
