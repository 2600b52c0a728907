import { add, conv2d, mul, sub, type Tensor, type Tensor4D, tensor, tidy } from '@tensorflow/tfjs-core';

/** Behind the point of a float32. */
const FULL_BITS = 23;

/** How precisely the current backend computes. */
export interface Precision {
  /** Bits behind the point. */
  readonly mantissaBits: number;
  /** Whether sums, small products and a convolution come out as in float32. */
  readonly isFull: boolean;
}

/** Computes what float16 gets wrong: sums 1 + 2⁻ᵏ, a product near 10⁻⁸, and a convolution with small numbers. */
export async function measurePrecision(): Promise<Precision> {
  const steps = Array.from({ length: FULL_BITS }, (_, i) => 2 ** -(i + 1));
  const [sums, product, convolved] = await Promise.all([
    valuesOf(() => sub(add(tensor(steps), tensor(steps.map(() => 1))), tensor(steps.map(() => 1)))),
    valuesOf(() => mul(tensor(Array(8).fill(1e-5)), tensor(Array(8).fill(1e-3)))),
    valuesOf(() => {
      const image: Tensor4D = tensor(Array(16).fill(3e-4), [1, 4, 4, 1]);
      const kernel: Tensor4D = tensor(Array(9).fill(2e-5), [3, 3, 1, 1]);
      return conv2d(image, kernel, 1, 'valid');
    }),
  ]);
  const wrong = steps.findIndex((step, i) => sums[i] !== step);
  const mantissaBits = wrong === -1 ? FULL_BITS : wrong;
  const isFull =
    mantissaBits === FULL_BITS && isNear(product[0]!, 1e-8) && isNear(convolved[0]!, 9 * 3e-4 * 2e-5);
  return { mantissaBits, isFull };
}

const isNear = (got: number, want: number): boolean => Math.abs(got / want - 1) < 1e-4;

async function valuesOf(work: () => Tensor): Promise<ArrayLike<number>> {
  const result = tidy(work);
  try {
    return await result.data();
  } finally {
    result.dispose();
  }
}
