import {
  type Affine,
  type Image,
  moveImage,
  preprocess,
  reorient,
  resampleOnto,
  type Volume,
  volumeOf,
} from '@sshn/data';
import type { Manifest } from '@sshn/model';
import {
  type AffineMatrix,
  alignToReference,
  composeAffine,
  invertAffine,
  rescaleField,
} from '@sshn/registration';
import type { Tensor } from '@tensorflow/tfjs-core';
import { displacementInMm, type FieldMm, turnedTo } from './field.js';
import { imageOf, type Picture } from './picture.js';
import { workingGrid } from './working-grid.js';

type Preprocessing = Manifest['preprocessing'];

/** How two pictures come to the grid on which they are compared, and a field from there to the fixed picture. */
export interface Frame {
  readonly moving: Image;
  readonly fixed: Image;
  /** A displacement in voxels `[1, ...size, rank]` on that grid as one in mm on the grid of the fixed picture. */
  back(field: Tensor): Promise<FieldMm>;
  /** Where both were aligned with a reference, the map between them by that: fixed to moving, in mm. */
  readonly matrixMm?: AffineMatrix;
}

/** Both on the fixed picture's own grid, resized to the working size. */
export function fixedFrame(moving: Picture, fixed: Picture, preprocessing: Preprocessing): Frame {
  const target = reorient(fixed.channels[0]);
  const size = fixed.format === 'volume' ? target.shape : target.shape.slice(1);
  const grid =
    fixed.format === 'volume' ? workingGrid(target, preprocessing.size, preprocessing.volumes) : undefined;
  const seenOf = (volumes: readonly Volume[]): Image =>
    preprocess(imageOf(grid === undefined ? volumes : volumes.map(grid.bring), size.length), preprocessing);
  return {
    moving: seenOf(moving.channels.map((one) => resampleOnto(one, target))),
    fixed: seenOf(fixed.channels.map((one) => reorient(one))),
    async back(field) {
      const onTarget = grid?.back(field) ?? rescaleField(field, size);
      try {
        const inVoxels = await onTarget.data<'float32'>();
        return turnedTo(fixed.channels[0], target, displacementInMm(inVoxels, target, size.length));
      } finally {
        if (onTarget !== field) onTarget.dispose();
      }
    },
  };
}

/** Both on the grid of a model's reference, each aligned with it as the images of training were. */
export async function referenceFrame(
  moving: Picture,
  fixed: Picture,
  preprocessing: Preprocessing,
  alignment: NonNullable<Preprocessing['alignment']>,
  signal?: AbortSignal,
): Promise<Frame & Required<Pick<Frame, 'matrixMm'>>> {
  const onReference = async (picture: Picture) => {
    const { image, toMm } = workedOn(picture, preprocessing);
    const edges = toMm[0]!.slice(0, 3).map((_, axis) => Math.hypot(...toMm.map((row) => row[axis]!)));
    const spacingMm = picture.format === 'volume' ? edges : image.size.map(() => 1);
    const { reference, ...how } = alignment;
    const matrix = await alignToReference(greyOf(image), spacingMm, reference, {
      ...how,
      ...(signal === undefined ? {} : { signal }),
    });
    return {
      image: preprocess(moveImage(image, matrix, reference.size), preprocessing),
      // From voxels of the reference to millimeters of the picture.
      toMm: composeAffine(toMm, inSpace(matrix)),
    };
  };
  const [a, b] = [await onReference(moving), await onReference(fixed)];
  return {
    moving: a.image,
    fixed: b.image,
    matrixMm: composeAffine(a.toMm, invertAffine(b.toMm)),
    async back(field) {
      const rank = field.shape.at(-1)!;
      const shape = [
        ...Array<number>(3 - rank).fill(1),
        ...field.shape.slice(1, -1),
      ] as unknown as Volume['shape'];
      const values = await field.data<'float32'>();
      const grid = fixed.channels[0];
      const [d, h, w] = [0, 1, 2].map((axis) => {
        const component = axis - (3 - rank);
        const data = Float32Array.from({ length: values.length / rank }, (_, i) =>
          component < 0 ? 0 : values[i * rank + component]!,
        );
        return resampleOnto(volumeOf(data, shape, { affine: b.toMm as unknown as Affine }), grid).data;
      });
      const toReference = invertAffine(b.toMm);
      return {
        grid: { shape: grid.shape, spacingMm: grid.spacingMm, affine: grid.affine },
        displacementMm: displacementThrough(grid, toReference, [d!, h!, w!], a.toMm),
      };
    },
  };
}

/** What lies where a voxel goes: to the reference, by the displacement there, and on to the moving picture. */
function displacementThrough(
  { shape, affine }: Pick<Volume, 'shape' | 'affine'>,
  toReference: AffineMatrix,
  displacement: ReadonlyArray<ArrayLike<number>>,
  toMoving: AffineMatrix,
): FieldMm['displacementMm'] {
  const count = shape[0] * shape[1] * shape[2];
  const found = [0, 1, 2].map(() => new Float32Array(count)) as unknown as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const at = (matrix: AffineMatrix, axis: number, x: number, y: number, z: number): number => {
    const row = matrix[axis]!;
    return row[0]! * x + row[1]! * y + row[2]! * z + row[3]!;
  };
  let i = 0;
  for (let d = 0; d < shape[0]; d++)
    for (let h = 0; h < shape[1]; h++)
      for (let w = 0; w < shape[2]; w++, i++) {
        const [x, y, z] = [at(affine, 0, d, h, w), at(affine, 1, d, h, w), at(affine, 2, d, h, w)];
        const p = at(toReference, 0, x, y, z) + displacement[0]![i]!;
        const q = at(toReference, 1, x, y, z) + displacement[1]![i]!;
        const r = at(toReference, 2, x, y, z) + displacement[2]![i]!;
        found[0][i] = at(toMoving, 0, p, q, r) - x;
        found[1][i] = at(toMoving, 1, p, q, r) - y;
        found[2][i] = at(toMoving, 2, p, q, r) - z;
      }
  return found;
}

/** A picture in the size that the network sees, its intensities as they are, and from its voxels to the picture's mm. */
function workedOn(picture: Picture, preprocessing: Preprocessing): { image: Image; toMm: AffineMatrix } {
  const { size, volumes } = preprocessing;
  const isVolume = picture.format === 'volume';
  const upright = picture.channels.map((one) => (isVolume ? reorient(one) : one));
  const working = isVolume ? upright.map((one) => workingGrid(one, size, volumes).bring(one)) : upright;
  const image = preprocess(imageOf(working, size.length), { ...preprocessing, intensity: { kind: 'none' } });
  const { shape, affine } = working[0]!;
  const whole = [...Array<number>(3 - size.length).fill(1), ...size];
  // Voxel i of n along an axis is at (i + ½) · m / n − ½ of m.
  const resized = whole.map((n, axis) => {
    const step = shape[axis]! / n;
    return [...whole.map((_, other) => (other === axis ? step : 0)), (step - 1) / 2];
  });
  return { image, toMm: composeAffine(affine, resized) };
}

/** The mean of an image's channels. */
function greyOf({ values, size, channels }: Image): { values: Float32Array; size: readonly number[] } {
  if (channels === 1) return { values, size };
  const grey = new Float32Array(values.length / channels);
  for (let i = 0; i < values.length; i++) grey[Math.floor(i / channels)]! += values[i]! / channels;
  return { values: grey, size };
}

/** Two dimensions are three with one slice. */
function inSpace(matrix: AffineMatrix): AffineMatrix {
  return matrix.length === 3 ? matrix : [[1, 0, 0, 0], ...matrix.map((row) => [0, ...row])];
}
