import { type FlopRule, input, output, type RuleTable, rulesFor, sizeOf } from './rule.js';

const perElementOf = (name: string): FlopRule => {
  return (node) => ({ elementwise: sizeOf(input(node, name)) });
};

/** One operation per element that goes in. */
export const reduction: RuleTable = {
  ...rulesFor(
    'All Any ArgMax ArgMin Bincount Cumprod Cumsum DenseBincount Max Min Prod Sum TopK UnsortedSegmentSum'.split(
      ' ',
    ),
    perElementOf('x'),
  ),
  Mean: (node) => ({ elementwise: sizeOf(input(node, 'x')) + sizeOf(output(node)) }),
  ScatterNd: perElementOf('updates'),
  // A bisection per value.
  SearchSorted: (node) => {
    const steps = Math.ceil(Math.log2(input(node, 'sortedSequence').shape.at(-1)! + 1));
    return { elementwise: sizeOf(input(node, 'values')) * steps };
  },
  // A walk along the distribution per sample.
  Multinomial: (node) => ({ elementwise: sizeOf(output(node)) * input(node, 'logits').shape.at(-1)! }),
};
