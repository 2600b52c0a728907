import { FileError, namedSpecs, watchScopes } from '@sshn/core';
import type { LoadedModel } from '@sshn/model';
import { pairImages, type RefineOptions, type RegistrationObjective } from '@sshn/registration';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { AlignOptions } from './align.js';
import type { Picture } from './picture.js';
import { type LayerUnderWay, type Registered, registerPair, usualObjective } from './register-pair.js';
import { inSpaceOf } from './same-space.js';
import type { SettingChoice } from './setting-choice.js';
import { TrainedModel } from './trained-model.js';

/** How a pair is registered by a model. */
export interface RegistrarOptions
  extends SettingChoice,
    Partial<Pick<RefineOptions, 'levels' | 'learningRate' | 'onStep' | 'signal'>> {
  /** Steps of gradient descent on this pair that follow the prediction. @default 0 */
  readonly steps?: number;
  /** Aligns the images first, by a rigid, similarity or affine map; their grids may differ then. @default not */
  readonly affine?: AlignOptions;
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
   * One field comes out, whatever was done: aligned (`affine`, or as the model's training did), predicted, refined.
   *
   * @throws {FileError} if the images differ in kind, in channels or, unless they are aligned or `resample`, in their grids;
   *   or do not overlap.
   * @throws {ValueError} if the setting does not fit the model, or `affine` is given and the model aligns by itself.
   */
  async register(moving: Picture, fixed: Picture, options: RegistrarOptions = {}): Promise<Registered> {
    const { steps = 0, resample = false, objective, ...rest } = options;
    const isAligned = options.affine !== undefined || this.manifest.preprocessing.alignment !== undefined;
    return registerPair(isAligned ? moving : inSpaceOf(fixed, moving, { resample }), fixed, {
      ...rest,
      model: this,
      setting: options,
      steps,
      objective: { ...this.objectiveAt(options), ...objective },
      preprocessing: this.manifest.preprocessing,
    });
  }

  /** What the model was trained for, with λ where it takes one. */
  objectiveAt(setting: SettingChoice = {}): RegistrationObjective {
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
  flowOf(
    moving: Tensor,
    fixed: Tensor,
    setting: SettingChoice,
    onLayer?: (layer: LayerUnderWay) => void,
  ): Tensor {
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
