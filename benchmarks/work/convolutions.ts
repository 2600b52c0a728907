import { Rng } from '@sshn/core';
import type { ConvolutionJob, ConvolutionPass } from './job.js';
import { randomTensor } from './random.js';
import type { Work } from './work.js';

/** `[batch, edge of the image, edge of the kernel, in, out]`: the layers of our networks, large and small. */
const shapes = [
  [1, 256, 3, 32, 32],
  [1, 256, 3, 64, 32],
  [1, 256, 3, 1, 32],
  [1, 256, 1, 32, 25],
  [4, 128, 3, 32, 32],
  [1, 64, 3, 32, 32],
  [1, 32, 3, 128, 128],
  [4, 8, 3, 32, 32],
] as const;

const passes: ReadonlyArray<readonly [ConvolutionPass, slug: string, words: string]> = [
  ['forward', 'forward', 'forward'],
  ['gradientToInput', 'to-input', 'gradient to the input'],
  ['gradientToKernel', 'to-kernel', 'gradient to the kernel'],
];

/** The three passes of a convolution at eight shapes. */
export const convolutions: readonly Work[] = shapes.flatMap((shape) =>
  passes.map(([pass, slug, words]) => convolutionWork(shape, pass, slug, words)),
);

/** One pass at one shape. */
export function convolutionWork(
  [batch, edge, window, inChannels, outChannels]: readonly [number, number, number, number, number],
  pass: ConvolutionPass,
  slug: string,
  words: string,
): Work {
  const job: ConvolutionJob = {
    kind: 'convolution',
    pass,
    x: [batch, edge, edge, inChannels],
    kernel: [window, window, inChannels, outChannels],
  };
  const images = batch === 1 ? '' : `${batch} × `;
  return {
    name: `conv-${window}x${window}-${inChannels}-${outChannels}-${batch}x${edge}-${slug}`,
    title: `${window}×${window} ${inChannels}→${outChannels}, ${images}${edge}²: ${words}`,
    job,
    inputs: () => {
      const rng = Rng.fromSeed(1);
      return new Map([
        ['x', randomTensor(job.x, rng.split('x'))],
        [
          'kernel',
          randomTensor(job.kernel, rng.split('kernel'), 1 / Math.sqrt(window * window * inChannels)),
        ],
        ['dy', randomTensor([batch, edge, edge, outChannels], rng.split('dy'))],
      ]);
    },
  };
}
