import type { Engine } from './engines.js';

const readsSynchronously = 'reads tensors synchronously, at which tfjs’ webgpu loses a software device';

/**
 * What an engine cannot do, by case, and why: these are not run there. README.md of @sshn/core has the same as a table.
 */
export const known: Partial<Record<Engine, Readonly<Record<string, string>>>> = {
  webgl: { 'strided convolution 3D': 'its programs for five axes do not compile' },
  webgpu: {
    'strided convolution 3D': 'its StridedSlice takes at most four axes',
    'loss generalizedDice': 'wrong gradient',
    'loss tversky': 'wrong gradient',
    'loss focalTversky': 'wrong gradient',
    'loss lovasz': readsSynchronously,
    'loss boundary': readsSynchronously,
  },
};
