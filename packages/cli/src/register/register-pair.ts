import { type Image, preprocess, reorient, resampleOnto, type Volume } from '@sshn/data';
import {
  fieldOf,
  jacobianStatistics,
  type RefineOptions,
  refineField,
  rescaleField,
  similarityLoss,
  warp,
} from '@sshn/registration';
import { dispose, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { FieldMm } from './field-file.js';
import { displacementInMm, longest, turnedTo } from './in-mm.js';
import type { LayerUnderWay, RegistrationModel } from './open-model.js';
import type { Picture } from './picture.js';
import { workingGrid } from './working-grid.js';

/** How two images are registered: `steps` may be 0 with a model. */
export interface RegisterOptions extends Omit<RefineOptions, 'start'> {
  /** Predicts the flow to begin at; without one it begins at zero. */
  readonly model: RegistrationModel | undefined;
  /** How images are brought to where they are registered; of a model, its own. */
  readonly preprocessing: RegistrationModel['preprocessing'];
  /** Called with a few words before each part of the work. */
  readonly onStage?: (stage: string) => void;
}

/** What registering two images gives. */
export interface Registered {
  /** On the grid of the fixed image. */
  readonly field: FieldMm;
  readonly figures: RegistrationFigures;
  /** As they were compared: of the size and the intensities that were worked on. */
  readonly seen: { readonly moving: Image; readonly fixed: Image; readonly moved: Image };
  /** Displacement in voxels of those, `[...size, rank]`. */
  readonly seenField: Float32Array;
}

/** How well it went. */
export interface RegistrationFigures {
  /** The loss by the similarity of the objective, of the images as they were seen: smaller is more alike. */
  readonly unlikeBefore: number;
  readonly unlikeAfter: number;
  readonly foldedPercent: number;
  /** The longest displacement, in mm (of raster images in pixels). */
  readonly longestMm: number;
}

/**
 * Registers two images that lie in one space: predicts a flow, refines it, and brings the field to the grid of the fixed
 * image, in millimeters.
 */
export async function registerPair(
  moving: Picture,
  fixed: Picture,
  options: RegisterOptions,
): Promise<Registered> {
  const { model, objective, preprocessing, onStage } = options;
  onStage?.(`bringing both images to ${preprocessing.size.join('×')}`);
  const target = reorient(fixed.channels[0]);
  const size = fixed.format === 'volume' ? target.shape : target.shape.slice(1);
  const grid =
    fixed.format === 'volume' ? workingGrid(target, preprocessing.size, preprocessing.volumes) : undefined;
  const seenOf = (volumes: readonly Volume[]): Image =>
    preprocess(imageOf(grid === undefined ? volumes : volumes.map(grid.bring), size.length), preprocessing);
  const seen = {
    moving: seenOf(moving.channels.map((one) => resampleOnto(one, target))),
    fixed: seenOf(fixed.channels.map((one) => reorient(one))),
  };
  const [a, b] = [tensorOf(seen.moving), tensorOf(seen.fixed)];
  const owned: Tensor[] = [a, b];
  const own = <T extends Tensor>(x: T): T => {
    owned.push(x);
    return x;
  };
  try {
    const start =
      model === undefined ? undefined : own(model.predict(a, b, (layer) => onStage?.(layerText(layer))));
    const field = own(await fieldFrom(start, a, b, options));
    onStage?.('comparing');
    const moved = own(warp(a, field));
    const [statistics] = await jacobianStatistics(field);
    const unlike = async (x: Tensor) => (await own(similarityLoss(x, b, objective)).data())[0]!;
    onStage?.('bringing the field to the fixed image');
    const inVoxels = await own(grid?.back(field) ?? rescaleField(field, size)).data<'float32'>();
    const inMm = displacementInMm(inVoxels, target, size.length);
    return {
      field: turnedTo(fixed.channels[0], target, inMm),
      figures: {
        unlikeBefore: await unlike(a),
        unlikeAfter: await unlike(moved),
        foldedPercent: statistics!.foldedPercent,
        longestMm: longest(inMm),
      },
      seen: { ...seen, moved: { ...seen.moving, values: (await moved.data<'float32'>()).slice() } },
      seenField: (await field.data<'float32'>()).slice(),
    };
  } finally {
    dispose(owned);
  }
}

/** The displacement in voxels of the images: what the flow stands for, refined where that is asked for. */
async function fieldFrom(
  start: Tensor | undefined,
  moving: Tensor,
  fixed: Tensor,
  { onStage, ...options }: RegisterOptions,
): Promise<Tensor> {
  if (start !== undefined && options.steps === 0) {
    onStage?.(options.objective.integrationSteps > 0 ? 'integrating' : 'scaling the field');
    return fieldOf(start, moving.shape.slice(1, -1), options.objective);
  }
  onStage?.('refining');
  const { flow, field } = await refineField(moving, fixed, {
    ...options,
    ...(start === undefined ? {} : { start }),
  });
  flow.dispose();
  return field;
}

function layerText({ layer, layers, path }: LayerUnderWay): string {
  return `predicting  layer ${layer}/${layers}  ${path}`;
}

/** Channels side by side, as networks take them. */
function imageOf(volumes: readonly Volume[], rank: number): Image {
  const channels = volumes.length;
  const size = volumes[0]!.shape.slice(-rank);
  const values = new Float32Array(volumes[0]!.data.length * channels);
  for (const [c, { data }] of volumes.entries()) {
    for (let i = 0; i < data.length; i++) values[i * channels + c] = data[i]!;
  }
  return { values, size, channels };
}

function tensorOf({ values, size, channels }: Image): Tensor {
  return tensor(values, [1, ...size, channels], 'float32');
}
