import { ValueError } from '@sshn/core';
import { differentiable, meanAll } from '@sshn/ops';
import {
  abs,
  add,
  mul,
  neg,
  pad,
  relu,
  type Scalar,
  sign,
  slice,
  square,
  sub,
  type Tensor,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core';
import { requireField } from './check.js';
import { jacobianDeterminant } from './jacobian.js';

/** Units in which a regularizer measures. */
export interface SpacingOptions {
  /**
   * Edge lengths of a voxel along each axis, in the order of the array's axes: derivatives are then of millimeters by
   * millimeters. @default 1 along every axis
   */
  readonly spacingMm?: readonly number[];
}

/** A field with its checked spacing. */
export interface PhysicalField {
  /** In the unit of the spacing. */
  readonly field: Tensor;
  /** One entry per spatial axis. */
  readonly spacing: readonly number[];
}

/**
 * A checked displacement (or velocity) field `[batch, ...spatial, dimensions]` in the unit of its spacing.
 *
 * @throws {ShapeError} if it is no field.
 * @throws {ValueError} if it is not float32, or the spacing has not one positive number per axis.
 */
export function physicalField(where: string, field: Tensor, { spacingMm }: SpacingOptions): PhysicalField {
  requireField(`${where}: field`, field);
  const dimensions = field.rank - 2;
  const spacing = spacingMm ?? Array<number>(dimensions).fill(1);
  if (spacing.length !== dimensions || !spacing.every((edge) => edge > 0 && edge < Infinity)) {
    throw new ValueError({
      where: `${where}: spacingMm`,
      got: spacing,
      expected: `${dimensions} positive numbers, one per spatial axis`,
    });
  }
  return { field: spacingMm === undefined ? field : mul(field, tensor1d([...spacing])), spacing };
}

/** `x[i + 1] − x[i]` along an axis, which gets one shorter. */
export function forwardDifference(x: Tensor, axis: number): Tensor {
  const size = x.shape.map((length, i) => (i === axis ? length - 1 : length));
  const next = x.shape.map((_, i) => (i === axis ? 1 : 0));
  return sub(
    slice(x, next, size),
    slice(
      x,
      next.map(() => 0),
      size,
    ),
  );
}

/** What a derivative costs, value by value, and the slope of that. */
export interface Penalty {
  readonly cost: (derivative: Tensor) => Tensor;
  readonly slope: (derivative: Tensor) => Tensor;
}

/**
 * The mean over the axes of `mean(cost(∂field/∂axis))`, by forward differences; axes of one voxel have none.
 *
 * The gradient is written out: derived op by op, it takes several times as long as the value.
 */
export function gradientPenalty(
  where: string,
  displacement: Tensor,
  options: SpacingOptions,
  { cost, slope }: Penalty,
): Scalar {
  const { field, spacing } = physicalField(where, displacement, options);
  const axes = spacing.flatMap((_, i) => (field.shape[i + 1]! > 1 ? [i] : []));
  const value = (x: Tensor): Scalar => {
    const terms = axes.map((i) => tidy(() => meanAll(cost(derivative({ field: x, spacing }, i)))));
    return mul(terms.length === 0 ? meanAll(mul(x, 0)) : terms.reduce(add), 1 / spacing.length) as Scalar;
  };
  const gradient = (x: Tensor, dy: Scalar): Tensor => {
    const terms = axes.map((i) => {
      const along = derivative({ field: x, spacing }, i);
      const share = mul(dy, 1 / (along.size * spacing.length * spacing[i]!));
      return transposedDifference(mul(slope(along), share), i + 1);
    });
    return terms.length === 0 ? mul(x, 0) : terms.reduce(add);
  };
  return tidy(() =>
    differentiable([field], {
      forward: (x) => ({ value: value(x), saved: [x] }),
      backward: (dy, x) => [gradient(x, dy)],
    }),
  );
}

/** The derivative along spatial axis `i`, per unit of the spacing. */
export function derivative({ field, spacing }: PhysicalField, i: number): Tensor {
  const difference = forwardDifference(field, i + 1);
  return spacing[i] === 1 ? difference : mul(difference, 1 / spacing[i]!);
}

/** The transpose of `forwardDifference`: what a gradient to differences is for the values. */
function transposedDifference(dy: Tensor, axis: number): Tensor {
  const shifted = (before: 0 | 1) =>
    pad(
      dy,
      dy.shape.map((_, i): [number, number] => (i === axis ? [before, 1 - before] : [0, 0])),
    );
  return sub(shifted(1), shifted(0));
}

/**
 * Total variation of a displacement field, the regularizer of the paper: the mean over axes, components and voxels of
 * `|∂u|`, by forward differences.
 *
 * Field `[batch, ...spatial, dimensions]` in voxels. 0 for a translation; allows sliding borders where diffusion smooths
 * them. The anisotropic form: axes are summed in absolute value, not under a root.
 *
 * @throws {ShapeError} if that is no field. @throws {ValueError} if it is not float32 or the spacing does not fit.
 * @example
 * const loss = add(meanSquaredErrorLoss(moved, fixed), mul(0.01, totalVariation(field)));
 *
 * *Source*: the paper, section 4.1; Rudin, Osher, Fatemi (1992); VoxelMorph's `Grad('l1')`.
 */
export function totalVariation(field: Tensor, options: SpacingOptions = {}): Scalar {
  return gradientPenalty('totalVariation', field, options, { cost: abs, slope: sign });
}

/**
 * Diffusion regularizer of a displacement or velocity field: the mean over axes, components and voxels of `(∂u)²`, by
 * forward differences.
 *
 * Field `[batch, ...spatial, dimensions]` in voxels. 0 for a translation.
 *
 * @throws {ShapeError} if that is no field. @throws {ValueError} if it is not float32 or the spacing does not fit.
 * @example
 * const loss = add(localNccLoss(moved, fixed), diffusion(velocity));
 *
 * *Source*: Fischer and Modersitzki, "Fast diffusion registration" (2002); VoxelMorph's `Grad('l2')`.
 */
export function diffusion(field: Tensor, options: SpacingOptions = {}): Scalar {
  return gradientPenalty('diffusion', field, options, { cost: square, slope: (d) => mul(d, 2) });
}

/**
 * Bending energy of a displacement field: the mean over components and voxels of `Σ_ij (∂²u / ∂x_i ∂x_j)²`, by forward
 * differences taken twice.
 *
 * Field `[batch, ...spatial, dimensions]` in voxels. 0 for every affine transform, which diffusion would punish. Axes with
 * too few voxels for a second difference do not count.
 *
 * @throws {ShapeError} if that is no field. @throws {ValueError} if it is not float32 or the spacing does not fit.
 * @example
 * const loss = add(localNccLoss(moved, fixed), mul(0.1, bendingEnergy(field)));
 *
 * *Source*: Rueckert et al., "Nonrigid registration using free-form deformations" (1999), equation 8.
 */
export function bendingEnergy(displacement: Tensor, options: SpacingOptions = {}): Scalar {
  const { field, spacing } = physicalField('bendingEnergy', displacement, options);
  return tidy(() => {
    const terms: Tensor[] = [];
    for (let i = 0; i < spacing.length; i++) {
      for (let j = i; j < spacing.length; j++) {
        const needed = i === j ? [i, i] : [i, j];
        if (needed.some((axis) => field.shape[axis + 1]! <= (i === j ? 2 : 1))) continue;
        const second = derivative({ field: derivative({ field, spacing }, i), spacing }, j);
        // Mixed derivatives stand twice in the sum.
        terms.push(mul(meanAll(square(second)), i === j ? 1 : 2));
      }
    }
    return (terms.length === 0 ? meanAll(mul(field, 0)) : terms.reduce(add)) as Scalar;
  });
}

/**
 * What a field folds: the mean over voxels of `relu(−det J)`, 0 where it folds nowhere.
 *
 * Of the displacement, in a model with velocities of the integrated one. Field `[batch, ...spatial, rank]`, voxels.
 *
 * @throws {ShapeError} if it is no field. @throws {ValueError} if it is not float32.
 * @example
 * const loss = add(meanSquaredErrorLoss(moved, fixed), mul(10, foldingPenalty(field)));
 *
 * *Source*: Mok and Chung, "Fast symmetric diffeomorphic image registration with convolutional neural networks" (2020),
 * equation 6.
 */
export function foldingPenalty(field: Tensor): Scalar {
  return tidy(() => meanAll(relu(neg(jacobianDeterminant(field)))));
}
