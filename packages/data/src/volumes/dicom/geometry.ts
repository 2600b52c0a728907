import type { DataSet } from 'dicom-parser';
import { rescaleOf } from '../../formats/readers/dicom/image.js';
import { decimals } from '../../formats/readers/dicom/parse.js';
import { damaged } from '../../formats/refusal.js';

type Vector = readonly [number, number, number];

/** Where a frame lies, in millimeters toward the left, the back and the top of the head, as DICOM has it. */
export interface Plane {
  /** The center of its first pixel; undefined where the file does not say. */
  readonly position: Vector | undefined;
  /** Directions of its rows (along the width) and columns (along the height), of length 1. */
  readonly alongWidth: Vector;
  readonly alongHeight: Vector;
  /** Between rows, and between columns. */
  readonly spacingMm: readonly [height: number, width: number];
  /** From this slice to the next, if the file says so. */
  readonly stepMm: number | undefined;
  readonly slope: number;
  readonly intercept: number;
}

/**
 * Where each frame of a file lies; several frames say it in groups, one for all and one for each.
 *
 * *Source*: DICOM PS3.3, sections C.7.6.2 (image plane) and C.7.6.16.2 (functional groups of several frames).
 *
 * @throws {Refusal} if positions are no numbers or directions no right angle.
 */
export function planesOf(elements: DataSet, frames: number): Plane[] {
  const shared = itemOf(elements, 'x52009229', 0);
  return Array.from({ length: frames }, (_, frame) => {
    const own = itemOf(elements, 'x52009230', frame);
    const group = (tag: string) =>
      (own && itemOf(own, tag, 0)) ?? (shared && itemOf(shared, tag, 0)) ?? elements;
    return planeIn({
      position: group('x00209113'),
      orientation: group('x00209116'),
      measures: group('x00289110'),
      rescale: group('x00289145'),
    });
  });
}

function planeIn(parts: Record<'position' | 'orientation' | 'measures' | 'rescale', DataSet>): Plane {
  const cosines = decimals(parts.orientation, 'x00200037', 6) ?? [1, 0, 0, 0, 1, 0];
  const [alongWidth, alongHeight] = [cosines.slice(0, 3), cosines.slice(3)] as unknown as [Vector, Vector];
  const isSquare = Math.abs(dot(alongWidth, alongHeight)) < 1e-3;
  const areUnits = [alongWidth, alongHeight].every((axis) => Math.abs(Math.hypot(...axis) - 1) < 1e-3);
  if (!isSquare || !areUnits) throw damaged('DICOM', 'its rows and columns are not at right angles');
  const spacing = decimals(parts.measures, 'x00280030', 2) ??
    decimals(parts.measures, 'x00181164', 2) ?? [1, 1];
  const [between] = decimals(parts.measures, 'x00180088', 1) ?? [];
  const [thickness] = decimals(parts.measures, 'x00180050', 1) ?? [];
  const lengths = [...spacing, between ?? 1, thickness ?? 1];
  if (!lengths.every((length) => length >= 0) || spacing.includes(0)) {
    throw damaged('DICOM', `pixels of ${spacing.join(' × ')} mm`);
  }
  return {
    position: decimals(parts.position, 'x00200032', 3) as Vector | undefined,
    alongWidth,
    alongHeight,
    spacingMm: [spacing[0]!, spacing[1]!],
    stepMm: between || thickness || undefined,
    ...rescaleOf(parts.rescale),
  };
}

/** The direction from the front to the back of a stack of such planes. */
export function normalOf({ alongWidth: [a, b, c], alongHeight: [d, e, f] }: Plane): Vector {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

/** The scalar product. */
export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** Of a sequence. */
function itemOf(elements: DataSet, tag: string, index: number): DataSet | undefined {
  return elements.elements[tag]?.items?.[index]?.dataSet;
}
