import {
  bendingEnergy,
  composeFields,
  diffusion,
  foldingPenalty,
  globalNccLoss,
  gradientDifferenceLoss,
  type Interpolation,
  integrateVelocity,
  invertField,
  jacobianDeterminant,
  localNccLoss,
  meanSquaredErrorLoss,
  mutualInformationLoss,
  type Padding,
  totalVariation,
  warp,
  warpedDiceLoss,
  warpLabels,
} from '@sshn/registration';
import { dispose, mul, type Tensor } from '@tensorflow/tfjs-core';
import { type Case, labelWave, probe, wave } from '../probe.js';

const plane = { image: [2, 6, 5, 2], field: [2, 6, 5, 2] } as const;
const volume = { image: [1, 4, 5, 3, 1], field: [1, 4, 5, 3, 3] } as const;

function warpCase(
  shapes: typeof plane | typeof volume,
  interpolation: Interpolation,
  padding: Padding,
): Case {
  return {
    name: `warp ${shapes.image.length - 2}D, ${interpolation}, ${padding}`,
    run: () => probe(shapes, ({ image, field }) => warp(image!, field!, { interpolation, padding })),
  };
}

const similarities: Record<string, (moved: Tensor, fixed: Tensor) => Tensor> = {
  meanSquaredErrorLoss,
  localNccLoss: (moved, fixed) => localNccLoss(moved, fixed, { window: 3 }),
  globalNccLoss,
  gradientDifferenceLoss,
  mutualInformationLoss: (moved, fixed) => mutualInformationLoss(moved, fixed, { bins: 6 }),
};

const ofFields: Record<string, (field: Tensor) => Tensor> = {
  composeFields: (field) => composeFields(field, field),
  foldingPenalty,
  invertField: (field) => invertField(mul(field, 0.1), { iterations: 3 }),
  warpedDiceLoss(field) {
    const [moving, fixed] = [3, 2].map((count) => labelWave(field.shape.slice(0, -1), count));
    return warpedDiceLoss(field, moving!, fixed!, { labels: 3 });
  },
  integrateVelocity: (field) => integrateVelocity(field, { integrationSteps: 3 }),
  jacobianDeterminant,
  diffusion,
  bendingEnergy,
  totalVariation,
};

export const registration: readonly Case[] = [
  warpCase(plane, 'linear', 'border'),
  warpCase(plane, 'linear', 'zeros'),
  warpCase(plane, 'nearest', 'border'),
  warpCase(volume, 'linear', 'border'),
  {
    name: 'warped labels',
    run() {
      const [labels, field] = [labelWave([2, 6, 5], 4), wave(plane.field, 1, 1.7)];
      const moved = warpLabels(labels, field);
      dispose([labels, field]);
      return new Map([['labels', moved]]);
    },
  },
  ...Object.entries(similarities).map(([name, loss]) => ({
    name: `similarity ${name}`,
    run: () =>
      probe({ moved: [1, 6, 5, 1], fixed: [1, 6, 5, 1] }, ({ moved, fixed }) => loss(moved!, fixed!)),
  })),
  ...Object.entries(ofFields).map(([name, f]) => ({
    name: `field ${name}`,
    run: () => probe({ field: plane.field }, ({ field }) => f(field!)),
  })),
];
