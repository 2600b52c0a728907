import { ShapeError, ValueError } from '@sshn/core';
import { mul, type Tensor, tensor1d } from '@tensorflow/tfjs-core';

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
 * @throws {ShapeError} if the last axis is not as long as there are spatial axes.
 * @throws {ValueError} if the spacing has not one positive number per axis.
 */
export function physicalField(where: string, field: Tensor, { spacingMm }: SpacingOptions): PhysicalField {
  const dimensions = field.rank - 2;
  if (dimensions < 1 || field.shape.at(-1) !== dimensions || field.size === 0) {
    throw new ShapeError({
      where: `${where}: field`,
      got: field.shape,
      expected: '[batch, ...spatial, dimensions] with as many dimensions as spatial axes',
    });
  }
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
