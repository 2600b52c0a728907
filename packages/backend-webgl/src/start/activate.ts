import { type ActiveBackend, backendStarter, repairKernels, replaceBackend, runningBackend } from '@sshn/ops';
import { env, setBackend } from '@tensorflow/tfjs-core';
import { WebglUnavailableError } from '../errors.js';
import { registerOwnKernels } from '../kernels/register.js';
import type { FastWebglOptions, FastWebglStatus } from './options.js';
import { measurePrecision, type Precision } from './precision.js';
import { WatchedBackend } from './watched-backend.js';

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
