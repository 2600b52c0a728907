import {
  ArgMax,
  ArgMin,
  Ceil,
  Equal,
  Floor,
  FloorDiv,
  type GradConfig,
  Greater,
  GreaterEqual,
  IsFinite,
  IsInf,
  IsNan,
  Less,
  LessEqual,
  LogicalAnd,
  LogicalNot,
  LogicalOr,
  NotEqual,
  OneHot,
  OnesLike,
  Round,
  Sign,
  Step,
  ZerosLike,
  zeros,
} from '@tensorflow/tfjs-core';
import { entry } from '../entry.js';

const constant = (kernelName: string, inputs: readonly string[]): GradConfig =>
  entry(kernelName, {
    save: inputs,
    gradients: (_, saved) =>
      Object.fromEntries(inputs.map((input, i) => [input, () => zeros(saved[i]!.shape)])),
  });

/**
 * What is constant wherever it is differentiable has the gradient 0, masks from comparisons among them: so that
 * `where(greater(x, 0), x, y)` can be differentiated, which stock tfjs refuses.
 */
export const constants = (): readonly GradConfig[] => [
  ...[Step, Sign, Floor, Ceil, Round, ZerosLike, OnesLike, ArgMax, ArgMin].map((k) => constant(k, ['x'])),
  ...[LogicalNot, IsNan, IsInf, IsFinite].map((k) => constant(k, ['x'])),
  ...[Greater, GreaterEqual, Less, LessEqual, Equal, NotEqual].map((k) => constant(k, ['a', 'b'])),
  ...[LogicalAnd, LogicalOr, FloorDiv].map((k) => constant(k, ['a', 'b'])),
  constant(OneHot, ['indices']),
];
