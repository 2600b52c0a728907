import type { LoadedModel } from '@sshn/model';
import type { ModelSummary } from './protocol.js';

/** What the page shows of a model. */
export function summaryOf({ manifest }: LoadedModel, name: string, bytes: number): ModelSummary {
  const { labels, accuracyCost, method, prior, preprocessing, provenance } = manifest;
  const trained = prior.kind === 'constant' ? [[prior.factor].flat()[0]!] : [prior.low, prior.high];
  return {
    name,
    labels,
    accuracyCost,
    method,
    size: preprocessing.size as [number, number],
    range: [trained[0]!, trained.at(-1)!],
    bytes,
    dataset: provenance.dataset,
  };
}
