import { unet } from '@sshn/architectures';
import { disposeParams, initialize, namedParams, Rng, rescaling } from '@sshn/core';
import { valueAndGradients } from '@sshn/ops';
import { dispose, mean, ones, reshape, slice, square, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** What a backend is to be used for. */
export type Purpose = 'inference' | 'training';

/** How often a small network ran. */
export interface Timing {
  /** Median of one run. */
  readonly milliseconds: number;
  readonly runs: number;
}

/**
 * Times a small U-Net on 64×64 pixels on the current backend for about so long, after one run that does not count: its
 * inference, or its gradients. A run that takes longer than all of the time is the only one.
 */
export async function timeNetwork(
  purpose: Purpose,
  forMilliseconds: number,
  signal: AbortSignal | undefined,
): Promise<Timing> {
  const network = unet({ inChannels: 1, outChannels: 4, features: [16, 16, 16] });
  const params = initialize(network.specs, Rng.fromSeed(1));
  const image = ones([1, 64, 64, 1]);
  const at = rescaling(0.5);
  const run = async (): Promise<void> => {
    const results: Tensor[] =
      purpose === 'inference'
        ? [network.apply(params, image, at)]
        : gradientsOf(valueAndGradients(params, (p) => mean(square(network.apply(p, image, at)))));
    // The last result is there when all are.
    const last = tidy(() => slice(reshape(results.at(-1)!, [-1]), 0, 1));
    try {
      await last.data();
    } finally {
      dispose([last, ...results]);
    }
  };
  const times: number[] = [];
  try {
    await run();
    const end = performance.now() + forMilliseconds;
    do {
      await new Promise<void>((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
      const began = performance.now();
      await run();
      times.push(performance.now() - began);
    } while (performance.now() < end);
  } finally {
    image.dispose();
    disposeParams(params);
  }
  times.sort((a, b) => a - b);
  return { milliseconds: times[Math.floor(times.length / 2)]!, runs: times.length };
}

function gradientsOf({ value, gradients }: ReturnType<typeof valueAndGradients>): Tensor[] {
  return [value, ...namedParams(gradients).values()];
}
