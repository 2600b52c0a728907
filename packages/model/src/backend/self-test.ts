import { unet } from '@sshn/architectures';
import { disposeParams, initialize, namedParams, Rng, setting } from '@sshn/core';
import { valueAndGradients } from '@sshn/ops';
import {
  conv2d,
  dispose,
  mean,
  mul,
  ones,
  reshape,
  slice,
  square,
  sum,
  type Tensor,
  tensor4d,
  tidy,
} from '@tensorflow/tfjs-core';

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
  const at = setting(0.5);
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

/** What a backend computes like. */
export interface SelfTest {
  /** Of a product: float16 render targets lose 1e-5 and odd numbers above 2048. */
  readonly precision: 'float32' | 'float16';
  /** Why it cannot be used at all. */
  readonly problem?: string;
  /** Why it cannot train. */
  readonly trainingProblem?: string;
}

/** Large enough that no backend leaves it to the CPU. */
const size = 8;
const channels = 4;

const x = Float32Array.from({ length: size * size * channels }, (_, i) => Math.sin(0.7 * i) * 10 ** -(i % 6));
const weight = Float32Array.from({ length: 9 * channels }, (_, i) => Math.cos(1.3 * i));
const towards = Float32Array.from({ length: size * size }, (_, i) => 1 + Math.cos(0.3 * i));

/**
 * Checks the current backend against the same sums in plain JavaScript: products of large and of tiny numbers, a
 * convolution, and the gradient to its kernel.
 */
export async function selfTest(): Promise<SelfTest> {
  try {
    const product = await productError();
    const precision = product < 1e-5 ? 'float32' : 'float16';
    if (product > 0.05) {
      return { precision, problem: `its products are off by ${percent(product)}` };
    }
    const convolution = await convolutionError();
    const bound = precision === 'float32' ? 1e-4 : 0.05;
    if (!(convolution < bound)) {
      return { precision, problem: `its convolution is off by ${percent(convolution)}` };
    }
    const trainingProblem =
      precision === 'float16' ? 'it computes in float16, in which training fails' : await gradientProblem();
    return trainingProblem === undefined ? { precision } : { precision, trainingProblem };
  } catch (error) {
    return { precision: 'float32', problem: `its self-test failed: ${messageOf(error)}` };
  }
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Largest relative error of products around 2049 and around 1e-5. */
async function productError(): Promise<number> {
  const a = Float32Array.from(x, (_, i) => (i % 2 === 0 ? 2049 + i : 1.234e-5 * (1 + i)));
  const b = Float32Array.from(x, (_, i) => (i % 2 === 0 ? 1 : 0.5));
  const shape: [number, number, number, number] = [1, size, size, channels];
  const product = tidy(() => mul(tensor4d(a, shape), tensor4d(b, shape)));
  try {
    const values = await product.data();
    return worst(values, (i) => Math.abs(values[i]! / (a[i]! * b[i]!) - 1));
  } finally {
    product.dispose();
  }
}

const image = () => tensor4d(x, [1, size, size, channels]);
const kernel = () => tensor4d(weight, [3, 3, channels, 1]);

async function convolutionError(): Promise<number> {
  const y = tidy(() => conv2d(image(), kernel(), 1, 'same'));
  try {
    return relativeError(await y.data(), plainConvolution());
  } finally {
    y.dispose();
  }
}

async function gradientProblem(): Promise<string | undefined> {
  const [pixels, params, weights] = [image(), kernel(), tensor4d(towards, [1, size, size, 1])];
  try {
    const { value, gradients } = valueAndGradients(params, (k) =>
      sum(mul(conv2d(pixels, k, 1, 'same'), weights)),
    );
    const error = relativeError(await gradients.data(), plainGradient());
    dispose([value, gradients]);
    return error < 1e-4 ? undefined : `its gradient of a convolution is off by ${percent(error)}`;
  } catch (error) {
    return `its gradient of a convolution failed: ${messageOf(error)}`;
  } finally {
    dispose([pixels, params, weights]);
  }
}

function plainConvolution(): Float64Array {
  const y = new Float64Array(size * size);
  eachTap((to, from, tap) => {
    y[to]! += x[from]! * weight[tap]!;
  });
  return y;
}

function plainGradient(): Float64Array {
  const gradient = new Float64Array(weight.length);
  eachTap((to, from, tap) => {
    gradient[tap]! += x[from]! * towards[to]!;
  });
  return gradient;
}

/** Every product of a 3×3 convolution that keeps the size: output pixel, input entry, kernel entry. */
function eachTap(visit: (to: number, from: number, tap: number) => void): void {
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      for (let tap = 0; tap < 9 * channels; tap++) {
        const [down, right] = [Math.floor(tap / channels / 3) - 1, (Math.floor(tap / channels) % 3) - 1];
        const [r, c] = [row + down, column + right];
        if (r < 0 || c < 0 || r >= size || c >= size) continue;
        visit(row * size + column, (r * size + c) * channels + (tap % channels), tap);
      }
    }
  }
}

function relativeError(got: ArrayLike<number>, wanted: Float64Array): number {
  const scale = Math.max(...wanted.map(Math.abs));
  return worst(got, (i) => Math.abs(got[i]! - wanted[i]!) / scale);
}

/** The largest; infinite where one is no number. */
function worst(values: ArrayLike<number>, error: (i: number) => number): number {
  const errors = Array.from({ length: values.length }, (_, i) => error(i));
  return errors.some(Number.isNaN) ? Infinity : Math.max(...errors);
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
