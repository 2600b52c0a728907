import { diceScore } from '@sshn/losses';
import {
  fieldOf,
  jacobianStatistics,
  type Refined,
  type RegistrationObjective,
  refineField,
  similarityLoss,
  warp,
  warpLabels,
} from '@sshn/registration';
import { dispose, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import type { RegistrationProgress, RegistrationRequest, RegistrationResult } from '../protocol.js';
import type { Context } from '../serve.js';
import { generatePair } from './generated-pair.js';
import { flowFor, type NetworkFlow } from './network.js';
import { ownPair } from './own-pair.js';
import { disposePair, type RegistrationPair } from './pair.js';
import { resultOf } from './result.js';

/** Steps of gradient descent between two pictures. */
export const stepsPerPicture = 10;

/** Correlations are some hundred times as large as squared differences of intensities in [0, 1]. */
const weightOf = { mse: 1, localNcc: 100 } as const;

/**
 * Registers a pair: a network predicts a velocity, where that is wanted, and gradient descent refines it, with a picture after
 * every few steps. Ends early, with what it has, when the page says so.
 */
export async function registrationRun(
  { images, similarity, smoothness, network, pictures }: RegistrationRequest,
  { report, signal }: Context<RegistrationProgress>,
): Promise<RegistrationResult> {
  const objective: RegistrationObjective = {
    similarity,
    regularizer: 'diffusion',
    weight: smoothness * weightOf[similarity],
    integrationSteps: 5,
  };
  const pair =
    'number' in images ? await generatePair(images.number) : await ownPair(images.moving, images.fixed);
  let field: Tensor = zeros([1, ...pair.fixed.shape.slice(1, 3), 2]);
  let flow: Tensor | undefined;
  const show = async (picture: number, predicted?: NetworkFlow): Promise<void> =>
    report({
      ...(await pictureOf(pair, objective, field, picture, pictures)),
      network: predicted && told(predicted),
    });
  try {
    await show(0);
    if (network !== undefined) {
      const predicted = await flowFor(pair, network, objective);
      const whole = fieldOf(predicted.flow, field.shape.slice(1, 3), objective);
      field.dispose();
      field = whole;
      await show(0, predicted);
      if (predicted.isCloser || pictures === 0) flow = predicted.flow;
      else predicted.flow.dispose();
    }
    for (let picture = 1; picture <= pictures && !signal.aborted; picture++) {
      const refined: Refined = await refineField(pair.moving, pair.fixed, {
        objective,
        steps: stepsPerPicture,
        resolution: 'half',
        signal,
        ...(flow === undefined ? {} : { start: flow }),
      });
      dispose([field, ...(flow === undefined ? [] : [flow])]);
      ({ field, flow } = refined);
      await show(picture);
      // Lets a message that ends the run come in.
      await new Promise((resolve) => setTimeout(resolve));
    }
    return await resultOf(pair, field);
  } finally {
    dispose([field, ...(flow === undefined ? [] : [flow])]);
    disposePair(pair);
  }
}

function told({ isCloser, gflops, milliseconds }: NetworkFlow): RegistrationProgress['network'] {
  return { isCloser, gflops, milliseconds };
}

async function pictureOf(
  pair: RegistrationPair,
  objective: RegistrationObjective,
  field: Tensor,
  picture: number,
  pictures: number,
): Promise<Omit<RegistrationProgress, 'network'>> {
  const movedImage = warp(pair.moving, field);
  const losses = [pair.moving, movedImage].map((image) => similarityLoss(image, pair.fixed, objective));
  try {
    const images = [pair.moving, pair.fixed, movedImage, field];
    const [moving, fixed, moved, displacement] = await Promise.all(
      images.map(async (image) => Float32Array.from(await image.data())),
    );
    const [lossBefore, loss] = await Promise.all(losses.map(async (value) => (await value.data())[0]!));
    const [jacobian] = await jacobianStatistics(field);
    return {
      iteration: picture,
      iterations: pictures,
      loss: loss!,
      lossBefore: lossBefore!,
      dice: await diceOf(pair, field),
      foldedPixels: jacobian!.foldedVoxels,
      moving: moving!,
      fixed: fixed!,
      moved: moved!,
      field: displacement!,
      size: [pair.fixed.shape[1]!, pair.fixed.shape[2]!],
      note: pair.note,
    };
  } finally {
    dispose([movedImage, ...losses]);
  }
}

async function diceOf({ labels }: RegistrationPair, field: Tensor): Promise<RegistrationProgress['dice']> {
  if (labels === undefined) return undefined;
  const warped = tidy(() => warpLabels(labels.moving, field));
  try {
    const maps = [labels.moving, warped, labels.fixed];
    const [before, after, truth] = await Promise.all(maps.map((map) => map.data()));
    const score = (map: typeof before) => diceScore(map!, truth!, { labels: labels.count }).mean;
    return { before: score(before), after: score(after) };
  } finally {
    warped.dispose();
  }
}
