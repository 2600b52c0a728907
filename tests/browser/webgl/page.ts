// Bundled and run in a page: our programs on webgl, its precision, and a context that is lost.

import { unet } from '@sshn/architectures';
import {
  type FastWebglOptions,
  type FastWebglStatus,
  fastWebglStatus,
  useFastWebgl,
} from '@sshn/backend-webgl';
import { initialize, namedParams, Rng, setting } from '@sshn/core';
import { applyConvolution, valueAndGradients } from '@sshn/ops';
import type { MathBackendWebGL, WebGLMemoryInfo } from '@tensorflow/tfjs-backend-webgl';
import { backend, dispose, engine, env, memory, square, sum, tensor, tidy } from '@tensorflow/tfjs-core';
import { wave } from '../conformance/probe.js';
import { type Outcome, runCases } from '../conformance/run.js';
import { cases } from './cases.js';

/** What the page reports of its cases. */
export interface KernelReport {
  readonly status: FastWebglStatus;
  readonly outcomes: readonly Outcome[];
  /** Names of our kernels that ran. */
  readonly ran: readonly string[];
  /** Bytes on the GPU after each of some repetitions of the last case. */
  readonly bytes: readonly number[];
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

const pageFunctions = {
  async runKernels(): Promise<KernelReport> {
    const status = await useFastWebgl();
    env().set('WEBGL_CPU_FORWARD', false);
    const outcomes: Outcome[] = [];
    const { kernelNames } = await engine().profile(async () => {
      outcomes.push(...(await runCases([], cases)));
      return tensor(0);
    });
    const bytes: number[] = [];
    for (let round = 0; round < 4; round++) {
      await runCases([], cases.slice(-2));
      bytes.push((memory() as unknown as WebGLMemoryInfo).numBytesInGPU);
    }
    return { status, outcomes, ran: kernelNames.filter((name) => name.startsWith('Sshn')), bytes };
  },

  /** How many programs are compiled after the inferences of a U-Net at factors, one after the other. */
  async programsByFactor(factors: readonly number[]): Promise<number[]> {
    await useFastWebgl();
    env().set('WEBGL_CPU_FORWARD', false);
    const { binaryCache } = backend() as unknown as { readonly binaryCache: object };
    const network = unet({ inChannels: 1, outChannels: 2, features: 8 });
    const params = initialize(network.specs, Rng.fromSeed(1));
    const image = wave([1, 64, 64, 1]);
    return factors.map((factor) => {
      dispose(tidy(() => network.apply(params, image, setting(factor))));
      return Object.keys(binaryCache).length;
    });
  },

  /** Where only float16 is rendered, as on phones: what the status says, and what infers and trains. */
  async runImprecise(options: FastWebglOptions): Promise<Record<string, unknown>> {
    env().set('WEBGL_FORCE_F16_TEXTURES', true);
    env().set('WEBGL_RENDER_FLOAT32_ENABLED', false);
    env().set('WEBGL_CPU_FORWARD', false);
    const { precision, mantissaBits, training } = await useFastWebgl(options);
    const [x, kernel, bias] = [wave([1, 4, 4, 1]), wave([3, 3, 1, 2]), wave([2])];
    const infer = () => sum(applyConvolution(x, kernel, bias, 0.1));
    const inferred = (await infer().data()).length;
    let trained = 'yes';
    try {
      const { value, gradients } = valueAndGradients({ kernel }, (p) =>
        sum(applyConvolution(x, p.kernel, bias, 0.1)),
      );
      dispose([value, ...namedParams(gradients).values()]);
    } catch (error) {
      trained = wordsOf(error);
    }
    return { precision, mantissaBits, training, inferred, trained };
  },

  /** What waits, and what comes after, when the context is lost; then the call that starts anew. */
  async loseContext(): Promise<Record<string, unknown>> {
    await useFastWebgl();
    env().set('WEBGL_CPU_FORWARD', false);
    const { gl } = (backend() as MathBackendWebGL).gpgpu;
    const result = square(wave([100]));
    gl.getExtension('WEBGL_lose_context')!.loseContext();
    const waiting = await result.data().then(String, wordsOf);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const reported = fastWebglStatus()!.problems.length;
    const after = await Promise.resolve()
      .then(() => square(tensor([1, 2, 3, 4, 5])).data())
      .then(String, wordsOf);
    const { problems } = await useFastWebgl();
    const anew = await square(tensor([1, 2, 3, 4, 5])).data();
    return { waiting, after, reported, problems, anew: [...anew] };
  },
};

export type PageFunctions = typeof pageFunctions;

Object.assign(globalThis, pageFunctions);
