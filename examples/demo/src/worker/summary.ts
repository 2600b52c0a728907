import type { Manifest } from '@sshn/model';
import { purposeOf } from './outside.js';
import type { ModelSummary } from './protocol.js';

/** What the page shows of a model. */
export function summaryOf(manifest: Manifest, name: string, bytes: number): ModelSummary {
  const { labels, accuracyCost, method, prior, preprocessing, provenance, cascade } = manifest;
  const trained = prior.kind === 'constant' ? [[prior.factor].flat()[0]!] : [prior.low, prior.high];
  return {
    name,
    purpose: purposeOf(manifest),
    labels,
    accuracyCost,
    method,
    size: preprocessing.size,
    stages: stagesOf(manifest.network.options),
    range: [trained[0]!, trained.at(-1)!],
    bytes,
    dataset: provenance.dataset,
    // Models of slices take whole volumes, and the page shows one slice.
    cascade: preprocessing.volumes?.slices === undefined ? (cascade?.rungs ?? []) : [],
  };
}

/** Of a network with one number of features for each stage, or one for all and a number of stages; 5 by default. */
function stagesOf({ features, stages }: Readonly<Record<string, unknown>>): number {
  if (Array.isArray(features)) return features.length;
  return typeof stages === 'number' ? stages : 5;
}
