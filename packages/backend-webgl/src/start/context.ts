import { type GPGPUProgram, MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import {
  add,
  type BackendValues,
  conv2d,
  type DataId,
  mul,
  sub,
  type Tensor,
  type Tensor4D,
  type TensorInfo,
  tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { WebglContextLostError } from '../errors.js';

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

type RunProgram = MathBackendWebGL['runWebGLProgram'];

/**
 * Sees to it that tfjs' cache holds two programs where their GLSL differs. With sizes as uniforms its key leaves out whether an
 * input with axes of one, such as [24, 3, 1], lies in a texture of its other two sizes, which is read in another way. So
 * such shapes go into the code, which is part of the key.
 */
function toldApart(program: GPGPUProgram, inputs: readonly TensorInfo[]): GPGPUProgram {
  if (!program.enableShapeUniforms) return program;
  const planes = inputs.filter(
    ({ shape }) => shape.length > 2 && shape.filter((length) => length !== 1).length === 2,
  );
  if (planes.length === 0) return program;
  return Object.assign(program, {
    userCode: `${program.userCode}\n// ${planes.map(({ shape }) => shape.join()).join(' ')}`,
  });
}

/**
 * tfjs' webgl backend, which notices that its context is lost: what is asked of it from then on, and reads that wait, end
 * in a `WebglContextLostError`. tfjs' own would put out zeros, or wait forever for a GPU that is gone.
 */
export class WatchedBackend extends MathBackendWebGL {
  readonly problems: string[] = [];
  private readonly waiting = new Set<(error: Error) => void>();

  constructor() {
    super();
    this.gpgpu.gl.canvas.addEventListener('webglcontextlost', () => this.lose(), { once: true });
  }

  get isLost(): boolean {
    return this.problems.length > 0;
  }

  override runWebGLProgram(...[program, inputs, ...rest]: Parameters<RunProgram>): ReturnType<RunProgram> {
    this.requireContext();
    return super.runWebGLProgram(toldApart(program, inputs), inputs, ...rest);
  }

  override readSync(dataId: DataId): BackendValues {
    this.requireContext();
    return super.readSync(dataId);
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    this.requireContext();
    return new Promise((resolve, reject) => {
      this.waiting.add(reject);
      super
        .read(dataId)
        .then(resolve, reject)
        .finally(() => this.waiting.delete(reject));
    });
  }

  private requireContext(): void {
    if (this.isLost) throw new WebglContextLostError();
  }

  private lose(): void {
    const error = new WebglContextLostError();
    this.problems.push(error.message);
    for (const reject of this.waiting) reject(error);
    this.waiting.clear();
  }
}
