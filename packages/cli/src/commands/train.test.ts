import { parseRunConfig, type RunConfigInput } from '@sshn/training';
import { expect, it } from 'vitest';
import { parseDataSource } from '../run/data-source.js';
import { runName } from './train.js';

it.each<[RunConfigInput, string]>([
  [{}, 'cells-sshn-seed1'],
  [{ method: 'film', seed: 7 }, 'cells-film-seed7'],
  [{ method: 'fixed' }, 'cells-fixed-0.5-seed1'],
  [{ split: { kind: 'folds', count: 5, fold: 2 } }, 'cells-sshn-seed1-fold2'],
  [{ architecture: { name: 'senet' } }, 'cells-senet-sshn-seed1'],
  [{ rescaling: 'separate' }, 'cells-sshn-separate-seed1'],
  [
    {
      method: 'fixed',
      rescaling: 'separate',
      architecture: { stages: 3 },
      prior: { kind: 'constant', factor: [0.3, 0.4] },
    },
    'cells-fixed-0.3-0.4-seed1',
  ],
])('%o goes to %s', (config, name) => {
  expect(runName(parseDataSource('/data/cells'), parseRunConfig(config, 'test'))).toBe(name);
});
