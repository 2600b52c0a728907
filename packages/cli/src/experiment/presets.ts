import { nearestWord, ValueError } from '@sshn/core';
import { Document, isMap, isPair, isSeq, visit } from 'yaml';

/** An experiment of the paper, ready to be run on data that one has. */
export interface Preset {
  readonly name: string;
  /** Tables and figures of the paper. */
  readonly reproduces: string;
  readonly summary: string;
  /** A folder that `sshn data` prepares. */
  readonly data: string;
  /** What a plan declares, but for its name and data. */
  readonly plan: object;
}

/**
 * What all networks of the paper share (section 4.4): the U-Net with five stages of 32 features, Adam (0.9, 0.99), cross-entropy,
 * then soft Dice by itself. Learning rate and epochs are not in the paper; these are equal for all methods.
 */
const training = {
  batchSize: 2,
  epochs: 160,
  crossEntropyShare: 0.3,
  loss: { crossEntropyWeight: 0 },
  optimizer: { learningRate: 0.002, clipNorm: 1, warmUpSteps: 200 },
  validation: { every: 5 },
};
const seeds = [1, 2, 3];
/** Of table 1, without 0.35 and 0.45, which lie between neighbours that hardly differ. */
const fixedFactors = [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5];
const everyFactor = [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5];
const fixedAt = (factor: readonly number[], grid: object = {}) => ({
  config: { method: 'fixed' },
  grid: { ...grid, factor, seed: seeds },
});

/** Dice by φ of the four methods, on one dataset. */
function methods(config: object): Preset['plan'] {
  return {
    config: { ...training, ...config },
    grid: { method: ['sshn', 'stochastic', 'film'], seed: seeds },
    factors: everyFactor,
    figures: ['dice', 'learning', 'trainingTime'],
    also: [fixedAt(fixedFactors)],
  };
}

/** Mid-coronal slices of the brains; see `sshn data oasis-2d`. */
const brains = { size: [192, 160], intensity: { kind: 'minMax' } };

export const presets: readonly Preset[] = [
  {
    name: 'wbc-table1',
    reproduces: 'Tables 1 and 5 (WBC), Figures 3 and 7',
    summary: 'Dice by φ and by cost of the four methods, on white blood cells',
    data: 'data/wbc-published',
    plan: methods({ size: [128, 128] }),
  },
  {
    name: 'oasis-table1',
    reproduces: 'Tables 1 and 5 (OASIS), Figures 3 and 7',
    summary: 'Dice by φ and by cost of the four methods, on slices of brains',
    data: 'data/oasis-2d',
    plan: methods(brains),
  },
  {
    name: 'pandental-table1',
    reproduces: 'Tables 1 and 5 (PanDental), Figures 3 and 7',
    summary: 'Dice by φ and by cost of the four methods, on X-rays of jaws',
    data: 'data/pandental',
    plan: methods({ size: [128, 256] }),
  },
  {
    name: 'camus-table1',
    reproduces: 'Tables 1 and 5 (CAMUS), Figures 3 and 7',
    summary: 'Dice by φ and by cost of the four methods, on ultrasound images of hearts',
    data: 'data/camus',
    // Four images of each patient: the file divides by patient.
    plan: methods({ size: [160, 128], split: { kind: 'file', path: 'data/camus/split.json' } }),
  },
  {
    name: 'oasis-structures',
    reproduces: 'Figure 4',
    summary: 'Dice of every brain structure, by its size: Fixed at 0.5 and SSHN at several φ',
    data: 'data/oasis-2d',
    plan: {
      config: { ...training, ...brains },
      grid: { method: ['sshn'], seed: seeds },
      factors: [0.1, 0.2, 0.3, 0.4, 0.5],
      figures: ['structures', 'dice'],
      also: [fixedAt([0.5])],
    },
  },
  {
    name: 'oasis-registration',
    reproduces: 'Figure 6 and Table 2',
    summary: 'Dice of warped labels by φ of the four methods, MSE and total variation',
    data: 'data/oasis-2d',
    plan: {
      config: {
        task: 'registration',
        ...brains,
        registration: { similarity: 'mse', regularizer: 'totalVariation', weight: 0.1, pairsPerImage: 4 },
        batchSize: 4,
        epochs: 40,
        optimizer: { learningRate: 0.002, clipNorm: 1, warmUpSteps: 100 },
        validation: { every: 5 },
      },
      grid: { method: ['sshn', 'stochastic', 'film'], seed: seeds },
      factors: everyFactor,
      figures: ['dice', 'trainingTime'],
      also: [fixedAt(fixedFactors)],
    },
  },
  {
    name: 'training-time',
    reproduces: 'Table 3',
    summary: 'minutes of training of the four methods; of Fixed those of all eleven networks',
    data: 'data/wbc-published',
    plan: {
      config: { ...training, size: [128, 128], epochs: 5 },
      grid: { method: ['sshn', 'stochastic', 'film'], seed: seeds },
      factors: [0.25],
      figures: ['trainingTime'],
      also: [fixedAt(everyFactor)],
    },
  },
  {
    name: 'prior-width',
    reproduces: 'Figure 8',
    summary: 'Dice at φ = 0.5, on test and training images, of SSHNs trained with φ ~ U(0.5 − r, 0.5 + r)',
    data: 'data/oasis-2d',
    plan: {
      config: { ...training, ...brains },
      // The caption's range ends at r = 0.05, and the text's widest prior, U(0.4, 0.6), is r = 0.1: both are here.
      grid: { method: ['sshn'], priorWidth: [0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.1], seed: seeds },
      factors: [0.5],
      split: ['test', 'train'],
      figures: ['priorWidth'],
      also: [fixedAt([0.5])],
    },
  },
  {
    name: 'weight-transfer',
    reproduces: 'Figure 9',
    summary: 'weights of one φ run at others: of an SSHN and of Fixed',
    data: 'data/oasis-2d',
    plan: {
      // The figure shows factors above 0.5, which U(0, 0.5) does not draw.
      config: { ...training, ...brains, prior: { kind: 'uniform', low: 0, high: 1 } },
      grid: { method: ['sshn'], seed: seeds },
      factors: [0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.75, 0.8],
      weightsOf: [0.25, 0.5, 0.75],
      figures: ['transfer'],
      also: [fixedAt([0.25, 0.5, 0.75])],
    },
  },
  {
    name: 'architectures',
    reproduces: 'Figure 10',
    summary: 'SSHN and Fixed on U-Net, Residual U-Net, FPN, PSPNet and SENet',
    data: 'data/oasis-2d',
    plan: {
      config: { ...training, ...brains },
      grid: {
        'architecture.name': ['unet', 'resunet', 'fpn', 'pspnet', 'senet'],
        method: ['sshn'],
        seed: seeds,
      },
      factors: everyFactor,
      figures: ['dice'],
      panels: 'architecture.name',
      also: [fixedAt(everyFactor, { 'architecture.name': ['unet', 'resunet', 'fpn', 'pspnet', 'senet'] })],
    },
  },
  {
    name: 'separate-factors',
    reproduces: 'Figures 12 and 13',
    summary: 'a factor for each of three downsampling steps: Dice at 11³ combinations and the front',
    data: 'data/oasis-2d',
    plan: {
      config: {
        ...training,
        ...brains,
        architecture: { stages: 4 },
        prior: { kind: 'uniform', low: 0, high: 1 },
      },
      grid: { rescaling: ['separate', 'common'], seed: [1] },
      factors: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
      combinations: { values: 11, from: 0, to: 1 },
      figures: ['separateFactors'],
      also: [{ config: { method: 'fixed' }, grid: { factor: everyFactor, seed: [1] } }],
    },
  },
];

/** A preset by its name. @throws {ValueError} naming the nearest one. */
export function presetOf(name: string): Preset {
  const found = presets.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = presets.map((one) => one.name);
  const near = nearestWord(name, names);
  throw new ValueError({
    where: 'preset',
    got: name,
    expected: `one of ${names.join(', ')}`,
    ...(near === undefined ? {} : { hint: `Did you mean '${near}'?` }),
  });
}

/** A preset as the text of a file that `sshn experiment run` takes. @param data Instead of its own folder. */
export function presetFile({ name, reproduces, summary, data: usual, plan }: Preset, data = usual): string {
  const content = { name, description: `${reproduces}: ${summary}.`, data, ...plan };
  const document = new Document(content, { aliasDuplicateObjects: false });
  document.commentBefore = ` Of the paper. Equal epochs, schedule and learning rate for all methods; make it smaller where your machine needs it.
 Run it with: sshn experiment run FILE -o runs/${name}`;
  visit(document, {
    // The keys of the file and of the parts of it have lines of their own; what is below stands on one line.
    Collection: (_, node, path) => {
      const isList = isSeq(node) && !node.items.some(isMap);
      node.flow = isList || path.filter(isPair).length > (path.some(isSeq) ? 2 : 1);
    },
  });
  return document.toString({ lineWidth: 120, flowCollectionPadding: true });
}
