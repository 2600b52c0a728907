import { type ActiveBackend, backendStarter, repairKernels, replaceBackend, runningBackend } from '@sshn/ops';
import { env, setBackend } from '@tensorflow/tfjs-core';
import { WebglUnavailableError } from '../errors.js';
import { registerOwnKernels } from '../kernels/register.js';
import { measurePrecision, type Precision, WatchedBackend } from './context.js';

export interface FastWebglOptions {
  /**
   * What to do where the GPU computes in less than float32, as on many phones: `'refuse'` lets what trains end in a
   * `WebglPrecisionError`, `'train'` lets it go on. Inference always runs. @default 'refuse'
   */
  readonly imprecise?: 'refuse' | 'train';
}

/** What is on. */
export interface FastWebglStatus {
  readonly backend: 'webgl';
  /** The GPU in words, as far as the browser tells. */
  readonly renderer: string;
  /** Whether it computes on the CPU: right, and slower than the wasm backend. */
  readonly isSoftware: boolean;
  /** As measured at the start. */
  readonly precision: 'float32' | 'less';
  /** Bits behind the point, as measured: 23 in float32, 10 in float16. */
  readonly mantissaBits: number;
  /** Whether training runs, or ends in a `WebglPrecisionError`. */
  readonly training: 'runs' | 'refused';
  /** Names of our kernels; none on WebGL 1, whose programs cannot hold them. */
  readonly kernels: readonly string[];
  readonly limits: {
    /** Pixels along an edge of a texture. */
    readonly maxTextureSize: number;
    /** Values that one tensor may hold: a texture full of them, one to a pixel. */
    readonly maxTensorValues: number;
  };
  /** What happened since: a context that was lost. Empty where all is well. */
  readonly problems: readonly string[];
}

const BACKEND = 'webgl';
/** As tfjs has it. */
const PRIORITY = 2;

interface Active extends ActiveBackend {
  readonly backend: WatchedBackend;
  readonly precision: Precision;
  readonly status: FastWebglStatus;
}

const starter = backendStarter<Active>(BACKEND);

/** What `useFastWebgl` does. */
export function activate({ imprecise = 'refuse' }: FastWebglOptions): Promise<FastWebglStatus> {
  return starter.activate(imprecise, async () => {
    const backend = await startBackend();
    const { active } = starter;
    const precision = active?.backend === backend ? active.precision : await measurePrecision();
    const refuses = !precision.isFull && imprecise === 'refuse';
    const kernels = registerOwnKernels(backend, BACKEND, refuses ? precision.mantissaBits : undefined);
    const status = describe(backend, precision, kernels, refuses);
    return { wish: imprecise, backend, precision, status, isLost: () => backend.isLost };
  });
}

/** What is on; undefined before the first `activate`. */
export function activeStatus(): FastWebglStatus | undefined {
  return starter.active?.status;
}

/** Ours where it runs; one that was lost, or that something else has started, is replaced. */
async function startBackend(): Promise<WatchedBackend> {
  const { active } = starter;
  const isOurs = active !== undefined && active.backend === runningBackend(BACKEND) && !active.isLost();
  if (!isOurs && webglVersion() === 0) throw new WebglUnavailableError('this program has no WebGL');
  // Sizes as uniforms of stock programs too, as of ours: another factor compiles few.
  env().set('WEBGL_USE_SHAPES_UNIFORMS', webglVersion() === 2);
  const hasStarted = isOurs
    ? await setBackend(BACKEND)
    : await replaceBackend(BACKEND, () => new WatchedBackend(), PRIORITY);
  if (!hasStarted) throw new WebglUnavailableError('tfjs gets no context');
  repairKernels(BACKEND);
  return runningBackend(BACKEND) as WatchedBackend;
}

function webglVersion(): number {
  return typeof document === 'undefined' && typeof OffscreenCanvas === 'undefined'
    ? 0
    : env().getNumber('WEBGL_VERSION');
}

function describe(
  backend: WatchedBackend,
  { mantissaBits, isFull }: Precision,
  kernels: readonly string[],
  refuses: boolean,
): FastWebglStatus {
  const { gl } = backend.gpgpu;
  const named = gl.getExtension('WEBGL_debug_renderer_info');
  const renderer = String(gl.getParameter(named?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
  const maxTextureSize = env().getNumber('WEBGL_MAX_TEXTURE_SIZE');
  return {
    backend: BACKEND,
    renderer,
    isSoftware: /swiftshader|llvmpipe|lavapipe|basic render|software/i.test(renderer),
    precision: isFull ? 'float32' : 'less',
    mantissaBits,
    training: refuses ? 'refused' : 'runs',
    kernels,
    limits: { maxTextureSize, maxTensorValues: maxTextureSize ** 2 },
    problems: backend.problems,
  };
}
