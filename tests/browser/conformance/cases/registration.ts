import {
  bendingEnergy,
  composeFields,
  diffusion,
  foldingPenalty,
  globalNccLoss,
  gradientDifferenceLoss,
  type Interpolation,
  integrateVelocity,
  inverseOf,
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
  inverseOf: (field) => inverseOf(mul(field, 0.1), { iterations: 3 }),
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

function labelCase(name: string, fieldShape: readonly number[]): Case {
  return {
    name,
    run() {
      const [labels, field] = [labelWave(fieldShape.slice(0, -1), 4), wave(fieldShape, 1, 1.7)];
      const moved = warpLabels(labels, field);
      dispose([labels, field]);
      return new Map([['labels', moved]]);
    },
  };
}

function similarityCases(shape: readonly number[], suffix = ''): Case[] {
  return Object.entries(similarities).map(([name, loss]) => ({
    name: `similarity ${name}${suffix}`,
    run: () => probe({ moved: shape, fixed: shape }, ({ moved, fixed }) => loss(moved!, fixed!)),
  }));
}

function fieldCases(shape: readonly number[], suffix = ''): Case[] {
  return Object.entries(ofFields).map(([name, f]) => ({
    name: `field ${name}${suffix}`,
    run: () => probe({ field: shape }, ({ field }) => f(field!)),
  }));
}

export const registration: readonly Case[] = [
  warpCase(plane, 'linear', 'border'),
  warpCase(plane, 'linear', 'zeros'),
  warpCase(plane, 'nearest', 'border'),
  warpCase(plane, 'linear', 'reflect'),
  warpCase(volume, 'linear', 'border'),
  warpCase(volume, 'linear', 'reflect'),
  labelCase('warped labels', plane.field),
  labelCase('warped labels 3D', volume.field),
  ...similarityCases([1, 6, 5, 1]),
  ...similarityCases([2, 3, 4, 3, 1], ' 3D'),
  ...fieldCases(plane.field),
  ...fieldCases(volume.field, ' 3D'),
];
