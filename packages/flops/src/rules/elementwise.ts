import { type FlopRule, output, type RuleTable, rulesFor, sizeOf } from './rule.js';

/** So many operations per element of the output. */
const perElement = (operations: number): FlopRule => {
  return (node) => ({ elementwise: operations * sizeOf(output(node)) });
};

const activations = 'ClipByValue Elu LeakyRelu Prelu Relu Relu6 Selu Sigmoid Softplus Step Tanh';
const functions =
  'Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Erf Exp Expm1 Floor IsFinite IsInf IsNan Log Log1p LogicalNot ' +
  'Neg Reciprocal Round Rsqrt Sign Sin Sinh Sqrt Square Tan';
const ofTwo =
  'Add Atan2 BitwiseAnd Equal FloorDiv Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr LogicalXor Maximum ' +
  'Minimum Mod Multiply NotEqual Pow RealDiv Select Sub';

/** Element by element: one operation each, whatever the function. */
export const elementwise: RuleTable = {
  ...rulesFor(`${activations} ${functions} ${ofTwo}`.split(' '), perElement(1)),
  // dy times a derivative; a difference and its square.
  ...rulesFor(['EluGrad', 'SquaredDifference'], perElement(2)),
  AddN: (node) => ({ elementwise: (Object.keys(node.inputs).length - 1) * sizeOf(output(node)) }),
};
