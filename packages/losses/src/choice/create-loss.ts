import { requireOption, requireOptions, ValueError } from '@sshn/core';
import { type BoundaryOptions, boundaryLoss } from '../boundary/boundary-loss.js';
import { type CrossEntropyOptions, checkCrossEntropy, crossEntropy } from '../distribution/cross-entropy.js';
import { checkFocal, type FocalOptions, focalLoss } from '../distribution/focal-loss.js';
import type { Loss } from '../input/loss.js';
import {
  checkGeneralizedDice,
  type GeneralizedDiceOptions,
  generalizedDiceLoss,
} from '../region/generalized-dice-loss.js';
import { type JaccardOptions, jaccardLoss } from '../region/jaccard-loss.js';
import { checkLovasz, type LovaszOptions, lovaszLoss } from '../region/lovasz-loss.js';
import { checkRegionOptions, checkScoredLabels } from '../region/region-options.js';
import { type SoftDiceOptions, softDiceLoss } from '../region/soft-dice-loss.js';
import { checkTversky, focalTverskyLoss, type TverskyOptions, tverskyLoss } from '../region/tversky-loss.js';
import { lossOptions } from './options.js';
import { weightedSum } from './weighted-sum.js';

/** The options of the losses that have a name. */
export interface LossOptions {
  readonly crossEntropy: CrossEntropyOptions;
  readonly focal: FocalOptions;
  readonly softDice: SoftDiceOptions;
  readonly generalizedDice: GeneralizedDiceOptions;
  readonly jaccard: JaccardOptions;
  readonly tversky: TverskyOptions;
  readonly focalTversky: TverskyOptions;
  readonly lovasz: LovaszOptions;
  readonly boundary: BoundaryOptions;
}

/** A loss as data: its name and options, as a configuration file holds them. */
export type LossConfig =
  | { readonly [Name in keyof LossOptions]: { readonly name: Name } & LossOptions[Name] }[keyof LossOptions]
  | WeightedSumConfig;

/** A sum of losses as data. */
export interface WeightedSumConfig {
  readonly name: 'weightedSum';
  /** Weights ≥ 0 and losses. */
  readonly terms: ReadonlyArray<readonly [weight: number, loss: LossConfig]>;
}

/** What `createLoss` knows. */
export type LossName = LossConfig['name'];

/** How to make a loss of checked options, and how to check what needs no logits. */
type Makers = {
  readonly [Name in keyof LossOptions]: {
    readonly check: (options: LossOptions[Name]) => void;
    readonly loss: (...args: [...Parameters<Loss>, LossOptions[Name]]) => ReturnType<Loss>;
  };
};

const makers: Makers = {
  crossEntropy: { check: checkCrossEntropy, loss: crossEntropy },
  focal: { check: checkFocal, loss: focalLoss },
  softDice: { check: (options) => checkRegionOptions('softDiceLoss', options), loss: softDiceLoss },
  generalizedDice: {
    check: (options) => {
      checkGeneralizedDice(options);
      checkRegionOptions('generalizedDiceLoss', options);
    },
    loss: generalizedDiceLoss,
  },
  jaccard: { check: (options) => checkRegionOptions('jaccardLoss', options), loss: jaccardLoss },
  tversky: { check: checkTverskyWhole('tverskyLoss'), loss: tverskyLoss },
  focalTversky: { check: checkTverskyWhole('focalTverskyLoss'), loss: focalTverskyLoss },
  lovasz: { check: checkLovasz, loss: lovaszLoss },
  boundary: { check: (options) => checkScoredLabels('boundaryLoss', options), loss: boundaryLoss },
};

function checkTverskyWhole(where: string): (options: TverskyOptions) => void {
  return (options) => {
    checkTversky(where, options);
    checkRegionOptions(where, options);
  };
}

/** Every name that `createLoss` knows. */
export const lossNames: readonly LossName[] = [
  ...(Object.keys(makers) as Array<keyof LossOptions>),
  'weightedSum',
];

/** The names of a loss's options. */
export function lossOptionNames(name: LossName): readonly string[] {
  requireOption('loss', name, lossNames);
  return name === 'weightedSum' ? ['terms'] : Object.keys(lossOptions[name]);
}

/**
 * A loss from its name and options, as a configuration file holds them; everything that needs no logits is checked here.
 *
 * @throws {OptionError} at an unknown name, option or word, with the nearest one that is known.
 * @throws {ValueError} at a value of another kind or out of range.
 * @example
 * const loss = createLoss({ name: 'weightedSum', terms: [[1, { name: 'softDice' }], [1, { name: 'crossEntropy' }]] });
 * const value = loss(logits, labels);
 */
export function createLoss(config: LossConfig): Loss {
  if (typeof config !== 'object' || config === null || typeof config.name !== 'string') {
    throw new ValueError({
      where: 'createLoss',
      got: config,
      expected: `an object with the name of a loss: ${lossNames.map((name) => `'${name}'`).join(', ')}`,
    });
  }
  requireOption('loss', config.name, lossNames);
  return config.name === 'weightedSum' ? sumOf(config) : single(config);
}

function single<Name extends keyof LossOptions>(config: { readonly name: Name } & LossOptions[Name]): Loss {
  const { name, ...rest } = config;
  requireOptions(name, rest, lossOptions[name]);
  const options = rest as unknown as LossOptions[Name];
  const { check, loss } = makers[name];
  check(options);
  return (logits, labels) => loss(logits, labels, options);
}

function sumOf({ name, terms, ...rest }: WeightedSumConfig): Loss {
  requireOptions(name, rest, {});
  const isTerms = Array.isArray(terms) && terms.every((term) => Array.isArray(term) && term.length === 2);
  if (!isTerms) {
    throw new ValueError({
      where: 'weightedSum: terms',
      got: terms,
      expected: "a list of [weight, loss], like [[1, { name: 'softDice' }], [1, { name: 'crossEntropy' }]]",
    });
  }
  return weightedSum(terms.map(([weight, loss]) => [weight, createLoss(loss)] as const));
}
