import { diceScore } from '@sshn/losses';
import {
  jacobianStatistics,
  type Refined,
  type RegistrationObjective,
  refineField,
  warp,
  warpLabels,
} from '@sshn/registration';
import { dispose, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { type GeneratedPair, generatePair, pairSize } from './pair.js';
import type { RegistrationProgress, RegistrationRequest } from './protocol.js';
import type { Context } from './serve.js';

/** Steps of gradient descent between two pictures. */
const stepsPerPicture = 10;
const pictures = 12;

/**
 * Registers one generated pair by gradient descent on a velocity: first from coarse to fine, then at full resolution, with
 * a picture after every few steps. Ends early when the page says so.
 */
export async function registrationRun(
  { pair: number, smoothness }: RegistrationRequest,
  { report, signal }: Context<RegistrationProgress>,
): Promise<undefined> {
  const objective: RegistrationObjective = {
    similarity: 'mse',
    regularizer: 'diffusion',
    weight: smoothness,
    integrationSteps: 5,
  };
  const pair = await generatePair(number);
  let field: Tensor = zeros([1, ...pairSize, 2]);
  let flow: Tensor | undefined;
  try {
    report(await pictureOf(pair, field, 0));
    for (let picture = 1; picture <= pictures && !signal.aborted; picture++) {
      const refined: Refined = await refineField(pair.moving, pair.fixed, {
        objective,
        steps: stepsPerPicture,
        resolution: 'half',
        ...(flow === undefined ? {} : { start: flow }),
      });
      dispose([field, ...(flow === undefined ? [] : [flow])]);
      ({ field, flow } = refined);
      report(await pictureOf(pair, field, picture));
      // Lets a message that ends the run come in.
      await new Promise((resolve) => setTimeout(resolve));
    }
  } finally {
    dispose([field, ...(flow === undefined ? [] : [flow]), ...Object.values(pair)]);
  }
  return undefined;
}

async function pictureOf(pair: GeneratedPair, field: Tensor, picture: number): Promise<RegistrationProgress> {
  const [movedImage, movedLabels] = tidy(() => [
    warp(pair.moving, field),
    warpLabels(pair.movingLabels, field),
  ]) as [Tensor, Tensor];
  try {
    const images = [pair.moving, pair.fixed, movedImage, field];
    const [moving, fixed, moved, displacement] = await Promise.all(
      images.map(async (image) => Float32Array.from(await image.data())),
    );
    const maps = [pair.movingLabels, movedLabels, pair.fixedLabels];
    const [before, after, truth] = await Promise.all(maps.map((labels) => labels.data()));
    const [jacobian] = await jacobianStatistics(field);
    return {
      iteration: picture,
      iterations: pictures,
      difference: meanSquare(moved!, fixed!),
      differenceBefore: meanSquare(moving!, fixed!),
      dice: diceScore(after!, truth!, { labels: 3 }).mean,
      diceBefore: diceScore(before!, truth!, { labels: 3 }).mean,
      foldedPercent: jacobian!.foldedPercent,
      moving: moving!,
      fixed: fixed!,
      moved: moved!,
      field: displacement!,
      size: pairSize,
    };
  } finally {
    dispose([movedImage, movedLabels]);
  }
}

function meanSquare(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;
}
