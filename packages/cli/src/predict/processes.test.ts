import { expect, test } from 'vitest';
import { usualProcesses } from './processes.js';

const flags = { runtime: 'tfjs' } as const;

test.each([
  ['few images: one', { images: 15, cores: 8, kind: 'raster', flags }, 1],
  ['no image', { images: 0, cores: 8, kind: 'raster', flags }, 1],
  ['as many as images are worth', { images: 50, cores: 8, kind: 'raster', flags }, 3],
  ['one for each core', { images: 1000, cores: 8, kind: 'raster', flags }, 8],
  ['volumes take longer', { images: 9, cores: 8, kind: 'volume', flags }, 4],
  [
    'cores are shared with threads',
    { images: 1000, cores: 8, kind: 'raster', flags: { ...flags, threads: 3 } },
    2,
  ],
  ['more threads than cores', { images: 1000, cores: 2, kind: 'raster', flags: { ...flags, threads: 3 } }, 1],
  ['a graphics card', { images: 1000, cores: 8, kind: 'raster', flags: { ...flags, backend: 'webgpu' } }, 1],
  ['onnxruntime', { images: 1000, cores: 8, kind: 'raster', flags: { runtime: 'onnxruntime' } }, 1],
] as const)('%s', (_, given, expected) => {
  expect(usualProcesses(given)).toBe(expected);
});
