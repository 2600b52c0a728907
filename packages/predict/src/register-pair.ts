import { ValueError } from '@sshn/core';
import type { Image } from '@sshn/data';
import type { Manifest } from '@sshn/model';
import {
  type AffineMatrix,
  fieldOf,
  jacobianStatistics,
  type RefineOptions,
  type RegistrationObjective,
  refineField,
  similarityLoss,
  warp,
} from '@sshn/registration';
import { dispose, type Tensor, tensor } from '@tensorflow/tfjs-core';
import {
  type Alignment,
  type AlignOptions,
  afterAlignment,
  alignPicture,
  coverageOf,
  requireCoverage,
} from './align.js';
import { type FieldMm, longest } from './field.js';
import { type Frame, fixedFrame, referenceFrame } from './frames.js';
import type { Picture } from './picture.js';
import { requireSameKind } from './same-space.js';
import type { SettingChoice } from './setting-choice.js';

/** A convolution that is about to be computed. */
export interface LayerUnderWay {
  /** From 1. */
  readonly layer: number;
  readonly layers: number;
  /** Its path in the network: 'backbone.encoder.0.1'. */
  readonly path: string;
}

/** What predicts a flow between two preprocessed images `[1, ...size, channels]`: a `Registrar`. */
interface FlowModel {
  flowOf(
    moving: Tensor,
    fixed: Tensor,
    setting: SettingChoice,
    onLayer?: (layer: LayerUnderWay) => void,
  ): Tensor;
}

/** What a pair is refined for where no model says: the usual choice for scans of one modality. */
export const usualObjective = {
  similarity: 'localNcc',
  regularizer: 'diffusion',
  weight: 1,
  integrationSteps: 7,
} as const satisfies RegistrationObjective;

/** How two images are registered: `steps` may be 0 with a model. */
export interface RegisterOptions extends Omit<RefineOptions, 'start'> {
  /** Predicts the flow to begin at; without one it begins at zero. */
  readonly model?: FlowModel;
  /** Of the model: the setting at which it predicts. */
  readonly setting?: SettingChoice;
  /** Aligns the pictures first, on whatever grids they are: see `alignPicture`. @default not */
  readonly affine?: AlignOptions;
  /** How images come to the grid on which they are registered; of a model, its own. */
  readonly preprocessing: Manifest['preprocessing'];
  /** Called with a few words before each part of the work. */
  readonly onStage?: (stage: string) => void;
}

/** What registering two images gives. */
export interface Registered {
  /** On the grid of the fixed image. */
  readonly field: FieldMm;
  readonly figures: RegistrationFigures;
  /** Share of the fixed picture's grid that the moving one covers, in [0, 1]. */
  readonly coverage: number;
  /**
   * Of pictures that were aligned, by `affine` or by the model: from mm of the fixed picture to mm of the moving one, 3×4. The field
   * holds it too.
   */
  readonly matrixMm?: AffineMatrix;
  /** Of `affine`: how unlike the two were and are by it. */
  readonly alignment?: Pick<Alignment, 'lossBefore' | 'lossAfter'>;
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
 * Registers two pictures: aligns them where that is asked for, predicts a flow where there is a model, refines it, and gives
 * one field for all of it on the grid of the fixed picture, in millimeters.
 *
 * A model whose images were aligned with a reference for training sees these aligned with it too.
 *
 * @param moving In the space of the fixed image (see `inSpaceOf`), unless they are aligned.
 * @param options `steps` may be 0 with a model, and with `affine`.
 * @throws {FileError} if the moving picture, once aligned, shows nothing of the fixed one's grid, or the two differ in kind.
 * @throws {ValueError} if the model is one for images of another rank, or `affine` is given, and the model aligns pictures by itself.
 */
export async function registerPair(
  moving: Picture,
  fixed: Picture,
  options: RegisterOptions,
): Promise<Registered> {
  const { affine, preprocessing, onStage, signal } = options;
  requireRank(fixed, preprocessing.size.length);
  const { alignment } = preprocessing;
  if (alignment === undefined) {
    const aligned =
      affine === undefined
        ? undefined
        : await alignPicture(moving, fixed, { ...affine, ...(signal === undefined ? {} : { signal }) });
    const placed = aligned?.moving ?? moving;
    const coverage = coverageOf(placed, fixed.channels[0]);
    requireCoverage(moving, fixed.path, coverage);
    onStage?.(`resampling both images to ${preprocessing.size.join('×')}`);
    const found = await registerIn(fixedFrame(placed, fixed, preprocessing), options);
    if (aligned === undefined) return { ...found, coverage };
    const { matrixMm, lossBefore, lossAfter } = aligned;
    return {
      ...withField(found, afterAlignment(found.field, matrixMm)),
      coverage,
      matrixMm,
      alignment: { lossBefore, lossAfter },
    };
  }
  if (affine !== undefined) {
    throw new ValueError({
      where: 'affine',
      got: affine.kind ?? 'affine',
      expected: `none: the model aligns both images with its reference, by a map of kind '${alignment.kind}'`,
    });
  }
  requireSameKind(fixed, moving);
  onStage?.('aligning both images with the reference of the model');
  const frame = await referenceFrame(moving, fixed, preprocessing, alignment, signal);
  const found = await registerIn(frame, options);
  const coverage = coverageOf(moving, fixed.channels[0], found.field.displacementMm);
  requireCoverage(moving, fixed.path, coverage);
  return { ...found, coverage, matrixMm: frame.matrixMm };
}

/** @throws {ValueError} if a volume is to be registered as a slice is, or the other way round. */
function requireRank({ path, format }: Picture, expected: number): void {
  const rank = format === 'volume' ? 3 : 2;
  if (rank === expected) return;
  throw new ValueError({
    where: path,
    got: `an image of ${rank} dimensions`,
    expected: `one of ${expected}, as the model aligns`,
    hint: rank === 3 ? 'Save the slices as PNG, or train on volumes.' : 'Give NIfTI volumes.',
  });
}

function withField(found: Omit<Registered, 'coverage'>, field: FieldMm): Omit<Registered, 'coverage'> {
  return { ...found, field, figures: { ...found.figures, longestMm: longest(field.displacementMm) } };
}

async function registerIn(frame: Frame, options: RegisterOptions): Promise<Omit<Registered, 'coverage'>> {
  const { model, objective, onStage } = options;
  const seen = { moving: frame.moving, fixed: frame.fixed };
  const [a, b] = [tensorOf(seen.moving), tensorOf(seen.fixed)];
  const owned: Tensor[] = [a, b];
  const own = <T extends Tensor>(x: T): T => {
    owned.push(x);
    return x;
  };
  try {
    const start =
      model === undefined
        ? undefined
        : own(model.flowOf(a, b, options.setting ?? {}, (layer) => onStage?.(layerText(layer))));
    const inVoxels = own(await fieldFrom(start, a, b, options));
    onStage?.('comparing');
    const moved = own(warp(a, inVoxels));
    const [statistics] = await jacobianStatistics(inVoxels);
    const unlike = async (x: Tensor) => (await own(similarityLoss(x, b, objective)).data())[0]!;
    onStage?.('resampling the field onto the fixed image');
    const field = await frame.back(inVoxels);
    return {
      field,
      figures: {
        unlikeBefore: await unlike(a),
        unlikeAfter: await unlike(moved),
        foldedPercent: statistics!.foldedPercent,
        longestMm: longest(field.displacementMm),
      },
      seen: { ...seen, moved: { ...seen.moving, values: (await moved.data<'float32'>()).slice() } },
      seenField: (await inVoxels.data<'float32'>()).slice(),
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

function tensorOf({ values, size, channels }: Image): Tensor {
  return tensor(values, [1, ...size, channels], 'float32');
}
