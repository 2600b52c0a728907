import { priorOf, type RunConfig } from '@sshn/training';
import { type DataSource, dataName } from '../data/data-source.js';

/** Folder of a run that was given none: the same command finds it again. What is as by default is not named. */
export function runName(data: DataSource, config: RunConfig): string {
  const { method, architecture, rescaling, seed } = config;
  const prior = priorOf(config);
  return [
    dataName(data),
    ...(architecture.name === 'unet' ? [] : [architecture.name]),
    method,
    ...(prior.kind === 'constant' ? [prior.factor].flat() : []),
    ...(prior.kind === 'uniform' && rescaling === 'separate' ? ['separate'] : []),
    `seed${seed}`,
  ].join('-');
}
