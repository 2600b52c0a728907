import {
  Add,
  AddN,
  clone,
  div,
  equal,
  floor,
  type GradConfig,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  Maximum,
  Minimum,
  Mod,
  Multiply,
  mul,
  neg,
  onesLike,
  Pow,
  pow,
  RealDiv,
  SquaredDifference,
  Sub,
  square,
  sub,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { entry } from '../entry.js';
import { sumTo } from '../reduction/broadcast.js';

type Partial = (dy: Tensor, a: Tensor, b: Tensor) => Tensor;

/** The gradient of a broadcasting function of `a` and `b`. */
function binary(kernelName: string, da: Partial, db: Partial): GradConfig {
  return entry(kernelName, {
    save: ['a', 'b'],
    gradients: (dy, [a, b]) => ({
      a: () => sumTo(da(dy, a!, b!), a!.shape),
      b: () => sumTo(db(dy, a!, b!), b!.shape),
    }),
  });
}

/** dy where `mask` holds and 0 elsewhere, even where dy is infinite. */
const only = (mask: Tensor, dy: Tensor): Tensor => where(mask, dy, zerosLike(dy));
const same: Partial = (dy) => dy;

/** d(aᵇ)/da = b·aᵇ⁻¹, and 0 for b = 0 also at a = 0. */
const powerToBase: Partial = (dy, a, b) =>
  mul(dy, mul(b, pow(a, where(equal(b, 0), onesLike(b), sub(b, 1)))));

/** d(aᵇ)/db = aᵇ·ln a, and 0 where a ≤ 0, where aᵇ is defined for single b only. */
const powerToExponent: Partial = (dy, a, b) => {
  const positive = greater(a, 0);
  return mul(dy, mul(pow(a, b), log(where(positive, a, onesLike(a)))));
};

/** Sums, products and powers of two tensors. At ties, `maximum` and `minimum` give all to `a`. */
export const arithmetic = (): readonly GradConfig[] => [
  binary(Add, same, same),
  binary(Sub, same, (dy) => neg(dy)),
  binary(
    Multiply,
    (dy, _, b) => mul(dy, b),
    (dy, a) => mul(dy, a),
  ),
  binary(
    RealDiv,
    (dy, _, b) => div(dy, b),
    (dy, a, b) => neg(div(mul(dy, a), square(b))),
  ),
  binary(Mod, same, (dy, a, b) => neg(mul(dy, floor(div(a, b))))),
  binary(Pow, powerToBase, powerToExponent),
  {
    kernelName: AddN,
    saveAllInputs: true,
    gradFunc: (dy, saved) => Object.fromEntries(saved.map((_, i) => [i, () => clone(dy as Tensor)])),
  },
];

/** What stock tfjs has too, but without summing over broadcast axes. */
export const arithmeticFixes = (): readonly GradConfig[] => [
  binary(
    Maximum,
    (dy, a, b) => only(greaterEqual(a, b), dy),
    (dy, a, b) => only(less(a, b), dy),
  ),
  binary(
    Minimum,
    (dy, a, b) => only(lessEqual(a, b), dy),
    (dy, a, b) => only(greater(a, b), dy),
  ),
  binary(
    SquaredDifference,
    (dy, a, b) => mul(dy, mul(2, sub(a, b))),
    (dy, a, b) => mul(dy, mul(2, sub(b, a))),
  ),
];
