import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  conditioned,
  FileError,
  namedSpecs,
  paramTree,
  type Rescaling,
  rescaling,
  ValueError,
  watchScopes,
} from '@sshn/core';
import { type Manifest, networkOf } from '@sshn/model';
import { readModelFile } from '@sshn/model/node';
import { pairImages } from '@sshn/registration';
import { middleOf } from '@sshn/training';
import { dispose, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** How a model is used. */
export interface ModelChoice {
  /** One for all downsampling steps, or one for each. @default the largest of training */
  readonly factor?: number | readonly number[];
  /** Of a model that was told the weight of its regularizer. @default the middle of what training drew */
  readonly lambda?: number;
}

/** A convolution that is about to be computed. */
export interface LayerUnderWay {
  /** From 1. */
  readonly layer: number;
  readonly layers: number;
  /** Its path in the network: 'backbone.encoder.0.1'. */
  readonly path: string;
}

/** A trained registration network, ready for pairs. */
export interface RegistrationModel {
  readonly preprocessing: Manifest['preprocessing'];
  readonly integrationSteps: number;
  /** What it was trained for. */
  readonly trainedFor: Manifest['registration'];
  readonly at: Rescaling;
  /** The flow from a moving to a fixed image `[1, ...size, channels]`, preprocessed; the caller's. */
  predict(moving: Tensor, fixed: Tensor, onLayer?: (layer: LayerUnderWay) => void): Tensor;
  /** Frees the weights. */
  dispose(): void;
}

/**
 * Opens a registration network from a run folder or a model file.
 *
 * @throws {FileError} if there is none, or a model of another task. @throws {ValueError} if factor or λ do not fit it.
 */
export async function openRegistrationModel(path: string, choice: ModelChoice): Promise<RegistrationModel> {
  const file = (await stat(path)).isDirectory() ? join(path, 'best.safetensors') : path;
  const { manifest, params: named } = await readModelFile(file);
  try {
    const { flow } = manifest.network;
    if (manifest.task !== 'registration' || flow === undefined) {
      throw new FileError({
        path: file,
        problem: `is a model of ${manifest.task}, and images are to be aligned`,
        remedy: 'Train one with `sshn train DATA --task registration`, or give the word none and --refine.',
      });
    }
    const at = rescalingOf(manifest, choice);
    const model = networkOf(manifest);
    const params = paramTree(model.specs, named);
    const layers = new Set(
      namedSpecs(model.network.specs).flatMap(([path]) =>
        /\.kernel$/.test(path) ? [path.slice(0, -7)] : [],
      ),
    );
    return {
      preprocessing: manifest.preprocessing,
      integrationSteps: flow.integrationSteps,
      trainedFor: manifest.registration,
      at,
      predict(moving, fixed, onLayer) {
        let layer = 0;
        const entered = (path: string): void => {
          if (layers.has(path)) onLayer?.({ layer: ++layer, layers: layers.size, path });
        };
        return tidy(() => {
          const weights = model.specialize(params, at);
          const pair = pairImages(moving, fixed);
          return watchScopes(entered, () => model.network.apply(weights, pair, at));
        });
      },
      dispose: () => dispose([...named.values()]),
    };
  } catch (error) {
    dispose([...named.values()]);
    throw error;
  }
}

/** The rescaling, and λ where the model takes one. */
function rescalingOf({ method, prior, registration }: Manifest, { factor, lambda }: ModelChoice): Rescaling {
  const usual = prior.kind === 'constant' ? prior.factor : prior.high;
  const count = prior.kind === 'constant' ? [prior.factor].flat().length : (prior.factors ?? 1);
  const given = [factor ?? usual].flat();
  if (given.length !== 1 && given.length !== count) {
    throw new ValueError({
      where: 'factor',
      got: given,
      expected: count === 1 ? 'one, as the model has' : `one, or ${count}: one per downsampling step`,
    });
  }
  const at = rescaling(given.length === count ? given : Array<number>(count).fill(given[0]!));
  const takesLambda = 'hypernetwork' in method && method.hypernetwork.factors > count;
  if (!takesLambda && lambda === undefined) return at;
  if (!takesLambda) {
    throw new ValueError({
      where: 'lambda',
      got: lambda,
      expected: 'none: the model was trained with a fixed weight of its regularizer',
      hint: 'One that takes λ is trained with --lambda-range.',
    });
  }
  const told = lambda ?? (registration?.lambda && middleOf(registration.lambda));
  if (told !== undefined) return conditioned(at, [told]);
  throw new ValueError({
    where: 'lambda',
    got: undefined,
    expected: 'a number in [0, 1], as the model takes one and does not say which it was trained with',
    hint: 'Give --lambda: larger is smoother.',
  });
}
