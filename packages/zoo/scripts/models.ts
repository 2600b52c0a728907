import type { RunConfigInput } from '@sshn/training';
import type { ModelName } from '../src/models.js';

/** How a model is trained. */
export interface Recipe {
  readonly images: number;
  /** Of the labels, the background first. */
  readonly colors: ReadonlyArray<readonly [red: number, green: number, blue: number]>;
  /** Directions of the last hidden layer that heads keep. */
  readonly rank: number;
  readonly config: RunConfigInput & { readonly epochs: number };
}

const common = {
  seed: 1,
  prior: { kind: 'uniform', low: 0, high: 0.5 },
  // Generated images are trained on as they are.
  intensity: { kind: 'none' },
} as const;

const segmentation = { ...common, crossEntropyShare: 0.5 } as const;

/** Okabe and Ito: told apart with any color vision. */
const [grey, green, red, orange, sky, blue] = [
  [120, 130, 140],
  [0, 158, 115],
  [213, 94, 0],
  [230, 159, 0],
  [86, 180, 233],
  [0, 114, 178],
] as const;

export const recipes: Readonly<Record<ModelName, Recipe>> = {
  cells: {
    images: 400,
    colors: [grey, green, red],
    rank: 4,
    config: {
      ...segmentation,
      architecture: { features: 8, stages: 4 },
      hypernetwork: { hidden: [10, 16] },
      optimizer: { learningRate: 5e-3 },
      augmentation: { flip: ['height', 'width'] },
      epochs: 24,
    },
  },
  ultrasound: {
    images: 320,
    colors: [grey, sky, orange],
    rank: 4,
    config: {
      ...segmentation,
      // Features that grow with depth: the inner stages, which φ shrinks, carry more of the cost.
      architecture: { features: [4, 8, 16, 24, 32] },
      hypernetwork: { hidden: [10, 8] },
      optimizer: { learningRate: 5e-3 },
      augmentation: { flip: ['width'] },
      batchSize: 4,
      epochs: 12,
    },
  },
  volumes: {
    images: 220,
    colors: [grey, orange, sky],
    rank: 4,
    config: {
      ...segmentation,
      architecture: { features: [6, 8, 12] },
      hypernetwork: { hidden: [10, 8] },
      optimizer: { learningRate: 6e-3 },
      augmentation: { flip: ['depth', 'height', 'width'] },
      batchSize: 2,
      epochs: 40,
    },
  },
  registration: {
    images: 120,
    colors: [grey, sky, orange, blue, red],
    rank: 4,
    config: {
      ...common,
      task: 'registration',
      registration: {
        similarity: 'mse',
        regularizer: 'diffusion',
        weight: 0.01,
        integrationSteps: 5,
        pairsPerImage: 8,
      },
      architecture: { features: 8, stages: 4 },
      hypernetwork: { hidden: [10, 8] },
      optimizer: { learningRate: 5e-3 },
      batchSize: 4,
      epochs: 10,
    },
  },
};
