import { repairKernels } from '@sshn/ops';
import {
  engine,
  env,
  findBackendFactory,
  registerBackend,
  removeBackend,
  setBackend,
} from '@tensorflow/tfjs-core';
import { WebglUnavailableError } from '../errors.js';
import { registerOwnKernels } from '../kernels/register.js';
import type { FastWebglOptions, FastWebglStatus } from './options.js';
import { measurePrecision, type Precision } from './precision.js';
import { WatchedBackend } from './watched-backend.js';

const BACKEND = 'webgl';
/** As tfjs has it. */
const PRIORITY = 2;

interface Active {
  readonly backend: WatchedBackend;
  readonly precision: Precision;
  readonly status: FastWebglStatus;
}

let active: Active | undefined;
let calls: Promise<unknown> = Promise.resolve();

/** What `useFastWebgl` does. One call after the other. */
export function activate(options: FastWebglOptions): Promise<FastWebglStatus> {
  const call = calls.then(() => activateNow(options));
  calls = call.catch(() => undefined);
  return call;
}

/** What is on; undefined before the first `activate`. */
export function activeStatus(): FastWebglStatus | undefined {
  return active?.status;
}

async function activateNow({ imprecise = 'refuse' }: FastWebglOptions): Promise<FastWebglStatus> {
  const backend = await startBackend();
  const precision = active?.backend === backend ? active.precision : await measurePrecision();
  const refuses = !precision.isFull && imprecise === 'refuse';
  const kernels = registerOwnKernels(backend, BACKEND, refuses ? precision.mantissaBits : undefined);
  active = { backend, precision, status: describe(backend, precision, kernels, refuses) };
  return active.status;
}

/** Ours where it runs; one that was lost, or that something else has started, is replaced. */
async function startBackend(): Promise<WatchedBackend> {
  const started = engine().registry[BACKEND];
  if (started === undefined || started !== active?.backend || active.backend.isLost) {
    const version = webglVersion();
    if (version === 0) throw new WebglUnavailableError('this program has no WebGL');
    if (findBackendFactory(BACKEND) != null) removeBackend(BACKEND);
    registerBackend(BACKEND, () => new WatchedBackend(), PRIORITY);
  }
  if (!(await setBackend(BACKEND))) throw new WebglUnavailableError('tfjs gets no context');
  repairKernels(BACKEND);
  return engine().registry[BACKEND] as WatchedBackend;
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
