import { type Dataset, generatePhantoms } from '@sshn/data';

/**
 * What is trained on: generated blood smears with labels. `train.ts` and `pareto.ts` open the same images; put
 * `openFolder` of `@sshn/data/node` here to take yours.
 */
export function openImages(count: number, edge: number): Dataset {
  return generatePhantoms({ kind: 'cells', count, size: [edge, edge], seed: 1 });
}
