import type { Elements } from '../../formats/readers/dicom/elements.js';
import type { Mosaic } from '../../formats/readers/dicom/mosaic.js';
import { tags } from '../../formats/readers/dicom/tags.js';
import { damaged } from '../../formats/refusal.js';

/** In millimeters toward the left, the back and the top of the head, as DICOM has it. */
export type Vector = readonly [number, number, number];

/** Where a frame lies. */
export interface Plane {
  /** The center of its first pixel. */
  readonly position: Vector;
  /** Whether the file says where that is; otherwise positions count from the file's first frame. */
  readonly isPlaced: boolean;
  /** Directions of its rows (along the width) and columns (along the height), of length 1. */
  readonly alongWidth: Vector;
  readonly alongHeight: Vector;
  /** Between rows, and between columns. */
  readonly spacingMm: readonly [height: number, width: number];
  /** From this slice to the next, and the thickness of a slice, if the file says so. */
  readonly stepMm: number | undefined;
  readonly thicknessMm: number | undefined;
}

const frameTime = 0x00181063;
const frameTimeVector = 0x00181065;
const nuclearMedicine = '1.2.840.10008.5.1.4.1.1.20';

/**
 * Where each frame of a file lies.
 *
 * Files of several frames say it in one of four ways: in groups, one for each frame; by one position and the offsets of a
 * dose grid; by one position and the distance between slices, which is negative in nuclear medicine where slices go
 * against the normal; or not at all. Frames that follow one another in time are all in one place.
 *
 * *Source*: DICOM PS3.3, sections C.7.6.2 (image plane), C.7.6.16.2 (functional groups), C.8.8.3.2 (grid frame offsets),
 * C.8.4.15 (nuclear medicine, reconstructed), C.7.6.5 (cine).
 *
 * @throws {Refusal} if positions are no numbers or directions no right angle.
 */
export function planesOf(elements: Elements, frames: number): Plane[] {
  const shared = elements.item(tags.sharedGroups);
  const detector = elements.item(tags.detectors);
  const groups = elements.items(tags.frameGroups);
  const offset = frameOffset(elements, frames);
  return Array.from({ length: frames }, (_, frame) => {
    const own = groups[frame];
    const holding = (group: number, tag: number): Elements =>
      [own?.item(group), shared?.item(group), elements, detector].find(
        (part) => part?.get(tag) !== undefined,
      ) ?? elements;
    const measures = (tag: number) => holding(tags.pixelMeasures, tag);
    const [alongWidth, alongHeight] = directions(holding(tags.planeOrientation, tags.imageOrientation));
    const [between] = measures(tags.spacingBetweenSlices).decimals(tags.spacingBetweenSlices, 1) ?? [];
    const [thickness] = measures(tags.sliceThickness).decimals(tags.sliceThickness, 1) ?? [];
    const position = positionIn(own?.item(tags.planePosition)) ?? undefined;
    const base = position ?? positionIn(holding(tags.planePosition, tags.imagePosition));
    const plane = {
      isPlaced: base !== undefined,
      alongWidth,
      alongHeight,
      spacingMm: spacingIn(measures),
      stepMm: between || undefined,
      thicknessMm: thickness ? Math.abs(thickness) : undefined,
    };
    const along = position === undefined ? offset(frame, plane, base) : 0;
    return { ...plane, position: moved(base ?? [0, 0, 0], normalOf(plane), along) };
  });
}

/**
 * Where the slices of a mosaic lie. The position of its picture is that of a picture as large around the center of the first
 * slice, so it moves by half of what the picture is larger than a slice.
 *
 * *Source*: nipy.org/nibabel/dicom/dicom_mosaic.html.
 *
 * @throws {Refusal} if the direction of the slices is not that of their planes.
 */
export function planesOfMosaic(
  picture: Plane,
  { slices, normal, height, width }: Mosaic,
  whole: { readonly height: number; readonly width: number },
): Plane[] {
  const upright = normalOf(picture);
  const along = dot(upright, normal);
  if (Math.abs(Math.abs(along) - 1) > 1e-3) throw damaged('DICOM', 'a mosaic whose slices go askew');
  const [edgeHeight, edgeWidth] = picture.spacingMm;
  const first = moved(
    moved(picture.position, picture.alongHeight, ((whole.height - height) / 2) * edgeHeight),
    picture.alongWidth,
    ((whole.width - width) / 2) * edgeWidth,
  );
  const step = Math.abs(picture.stepMm ?? picture.thicknessMm ?? 1) * Math.sign(along);
  return Array.from({ length: slices }, (_, i) => ({
    ...picture,
    position: moved(first, upright, i * step),
  }));
}

function positionIn(group: Elements | undefined): Vector | undefined {
  const place = group?.decimals(tags.imagePosition, 3);
  return place && [place[0]!, place[1]!, place[2]!];
}

function directions(group: Elements): [Vector, Vector] {
  const [a = 1, b = 0, c = 0, d = 0, e = 1, f = 0] = group.decimals(tags.imageOrientation, 6) ?? [];
  const [alongWidth, alongHeight]: [Vector, Vector] = [
    [a, b, c],
    [d, e, f],
  ];
  const isSquare = Math.abs(dot(alongWidth, alongHeight)) < 1e-3;
  const areUnits = [alongWidth, alongHeight].every((axis) => Math.abs(Math.hypot(...axis) - 1) < 1e-3);
  if (!isSquare || !areUnits) throw damaged('DICOM', 'its rows and columns are not at right angles');
  return [alongWidth, alongHeight];
}

function spacingIn(measures: (tag: number) => Elements): [height: number, width: number] {
  const ways = [tags.pixelSpacing, tags.imagerPixelSpacing, tags.nominalPixelSpacing, tags.aspectRatio];
  for (const tag of ways) {
    const found = measures(tag).decimals(tag, 2);
    if (found === undefined) continue;
    const [height, width] = [found[0]!, found[1]!];
    if (!(height > 0 && width > 0)) throw damaged('DICOM', `pixels of ${height} × ${width} mm`);
    return [height, width];
  }
  return [1, 1];
}

/** How far a frame without a position of its own lies behind the file's position, along the normal. */
function frameOffset(
  elements: Elements,
  frames: number,
): (
  frame: number,
  plane: Pick<Plane, 'alongWidth' | 'alongHeight' | 'stepMm' | 'thicknessMm'>,
  base: Vector | undefined,
) => number {
  if (frames === 1) return () => 0;
  const grid = elements.decimals(tags.gridFrameOffsets, frames);
  if (grid !== undefined) {
    return (frame, plane, base) => {
      const normal = normalOf(plane);
      // Offsets that begin with the height of the first slice are heights; others are distances along the normal.
      const areHeights = grid[0] !== 0 && base !== undefined && Math.abs(grid[0]! - base[2]) < 1e-3;
      return (grid[frame]! - grid[0]!) * (areHeights ? Math.sign(normal[2]) : 1);
    };
  }
  if (areMoments(elements)) return () => 0;
  const slices = elements.uint16s(tags.sliceVector);
  return (frame, { stepMm, thicknessMm }) =>
    ((slices[frame] ?? frame + 1) - (slices[0] ?? 1)) * (stepMm ?? thicknessMm ?? 1);
}

/** Whether frames are moments of a film, or views of a detector, rather than slices. */
function areMoments(elements: Elements): boolean {
  if (elements.text(tags.sopClass) === nuclearMedicine) {
    const kind = elements.texts(tags.imageType)[2];
    return kind !== undefined && !kind.startsWith('RECON');
  }
  const pointers = elements.uint16s(tags.frameIncrement);
  const isTime = (_: number, i: number) => {
    const tag = pointers[2 * i]! * 0x10000 + pointers[2 * i + 1]!;
    return tag === frameTime || tag === frameTimeVector;
  };
  return Array.from({ length: Math.floor(pointers.length / 2) }, isTime).includes(true);
}

/** The direction from the front to the back of a stack of such planes. */
export function normalOf({
  alongWidth: [a, b, c],
  alongHeight: [d, e, f],
}: Pick<Plane, 'alongWidth' | 'alongHeight'>): Vector {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

/** The scalar product. */
export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** A place moved by a length along a direction. */
export function moved([x, y, z]: Vector, [a, b, c]: Vector, length: number): Vector {
  return [x + a * length, y + b * length, z + c * length];
}
