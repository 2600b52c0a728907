import { FileError, namedSpecs, watchScopes } from '@sshn/core';
import { type Image, type Preprocessing, preprocess, reorient, resampleOnto, type Volume } from '@sshn/data';
import type { LoadedModel, Manifest } from '@sshn/model';
import {
  fieldOf,
  jacobianStatistics,
  pairImages,
  type RefineOptions,
  type RegistrationObjective,
  refineField,
  rescaleField,
  similarityLoss,
  warp,
} from '@sshn/registration';
import { dispose, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { displacementInMm, type FieldMm, longest, turnedTo } from './field.js';
import { imageOf, type Picture } from './picture.js';
import { inSpaceOf } from './same-space.js';
import { type Setting, TrainedModel } from './trained-model.js';
import { workingGrid } from './working-grid.js';

/** A convolution that is about to be computed. */
interface LayerUnderWay {
  /** From 1. */
  readonly layer: number;
  readonly layers: number;
  /** Its path in the network: 'backbone.encoder.0.1'. */
  readonly path: string;
}

/** How a pair is registered by a model. */
export interface RegistrarOptions
  extends Setting,
    Partial<Pick<RefineOptions, 'levels' | 'learningRate' | 'onStep' | 'signal'>> {
  /** Steps of gradient descent on this pair that follow the prediction. @default 0 */
  readonly steps?: number;
  /** Whether a moving image on another grid is placed by its affine (a raster image: stretched) first. @default false */
  readonly resample?: boolean;
  /** What refinement minimizes. @default what the model was trained for */
  readonly objective?: Partial<RegistrationObjective>;
  /** Called with a few words before each part of the work. */
  readonly onStage?: (stage: string) => void;
}

/**
 * A trained registration network: aligns a moving image with a fixed one.
 *
 * @example
 * using registrar = await openModel('runs/brains');   // from '@sshn/predict/node'
 * const { field, figures } = await registrar.register(await readPicture('a.nii.gz'), await readPicture('b.nii.gz'));
 *
 * *Source*: the paper, section 4.1 (registration).
 */
export class Registrar extends TrainedModel {
  readonly integrationSteps: number;

  /** @throws {FileError} if it is a model of another task. */
  constructor(loaded: LoadedModel, source = 'model') {
    super(loaded);
    const { task, network } = loaded.manifest;
    if (task !== 'registration' || network.flow === undefined) {
      this.dispose();
      throw new FileError({
        path: source,
        problem: `is a model of ${task}, and images are to be aligned`,
        remedy:
          'Train one with `sshn train DATA --task registration`, or register without a model by refinement.',
      });
    }
    this.integrationSteps = network.flow.integrationSteps;
  }

  /**
   * The displacement that warps the moving image onto the fixed one, on the grid of the fixed one, in mm.
   *
   * @throws {FileError} if the images differ in kind, in channels or, unless `resample`, in their grids.
   * @throws {ValueError} if the setting does not fit the model.
   */
  async register(moving: Picture, fixed: Picture, options: RegistrarOptions = {}): Promise<Registered> {
    const { steps = 0, resample = false, objective, ...rest } = options;
    return registerPair(inSpaceOf(fixed, moving, { resample }), fixed, {
      ...rest,
      model: this,
      setting: options,
      steps,
      objective: { ...this.objectiveAt(options), ...objective },
      preprocessing: this.manifest.preprocessing,
    });
  }

  /** What the model was trained for, with λ where it takes one. */
  objectiveAt(setting: Setting = {}): RegistrationObjective {
    const { lambda: _, ...trained } = {
      lambda: undefined,
      ...(this.manifest.registration ?? usualObjective),
    };
    const lambda = this.choose(setting).at.conditions[0];
    return {
      ...trained,
      ...(lambda === undefined ? {} : { lambda }),
      integrationSteps: this.integrationSteps,
    };
  }

  /** The flow from a moving to a fixed image `[1, ...size, channels]`, preprocessed; the caller's. */
  flowOf(moving: Tensor, fixed: Tensor, setting: Setting, onLayer?: (layer: LayerUnderWay) => void): Tensor {
    const layers = new Set(
      namedSpecs(this.network.specs).flatMap(([path]) => (/\.kernel$/.test(path) ? [path.slice(0, -7)] : [])),
    );
    let layer = 0;
    const entered = (path: string): void => {
      if (layers.has(path)) onLayer?.({ layer: ++layer, layers: layers.size, path });
    };
    const { at } = this.choose(setting);
    const weights = this.weightsAt(at);
    return tidy(() => watchScopes(entered, () => this.network.apply(weights, pairImages(moving, fixed), at)));
  }
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
  readonly model?: Registrar;
  /** Of the model: the setting at which it predicts. */
  readonly setting?: Setting;
  /** How images come to the grid on which they are registered; of a model, its own. */
  readonly preprocessing: Preprocessing & Pick<Manifest['preprocessing'], 'volumes'>;
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
 * Registers two images that lie in one space: predicts a flow where there is a model, refines it, and resamples the field to
 * the grid of the fixed image, in millimeters.
 *
 * @param moving In the space of the fixed image: see `inSpaceOf`.
 * @param options `steps` may be 0 with a model.
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
      model === undefined
        ? undefined
        : own(model.flowOf(a, b, options.setting ?? {}, (layer) => onStage?.(layerText(layer))));
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

function tensorOf({ values, size, channels }: Image): Tensor {
  return tensor(values, [1, ...size, channels], 'float32');
}
