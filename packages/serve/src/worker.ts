import { getPriority, setPriority } from 'node:os';
import { useFastWasm, WasmMemoryError } from '@sshn/backend-wasm';
import { FileError, SshnError } from '@sshn/core';
import { settingKey } from '@sshn/model';
import { type Chosen, namedLabels, type Registrar, Segmenter } from '@sshn/predict';
import { openModel } from '@sshn/predict/node';
import { env } from '@tensorflow/tfjs-core';
import { answer, registrationAnswer } from './answer.js';
import { readInput } from './input.js';
import type {
  Fault,
  FromWorker,
  Measured,
  ModelFacts,
  Prediction,
  PredictRequest,
  RegisterRequest,
  ToWorker,
  WorkerOptions,
  WorkRequest,
} from './protocol.js';

/**
 * The program of a worker process: opens the models, then predicts what the server sends, one request at a time. It ends when
 * the server does.
 */
let models: ReadonlyMap<string, Segmenter | Registrar> = new Map();
let maxVoxels = 0;
const cancelled = new Map<number, AbortController>();

const say = (message: FromWorker): void => {
  process.send?.(message);
};

process.on('message', (message: ToWorker) => {
  if (message.kind === 'open') void open(message.options);
  else if (message.kind === 'cancel') cancelled.get(message.id)?.abort();
  else void work(message.id, message.request);
});
// Ctrl-C and process managers signal the whole group; requests in flight are to be finished, and the server says when to end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit(0));

async function open(options: WorkerOptions): Promise<void> {
  try {
    // The server answers probes in time while all cores compute.
    setPriority(Math.min(19, getPriority() + 5));
  } catch {
    // Where the system does not allow it, probes are a little slower under load.
  }
  try {
    env().set('PROD', true);
    await useFastWasm({ threads: options.threads });
    maxVoxels = options.maxVoxels;
    const opened = new Map<string, Segmenter | Registrar>();
    const facts: ModelFacts[] = [];
    for (const { name, path } of options.models) {
      const model = await openModel(path);
      opened.set(name, model);
      facts.push(factsOf(name, model));
    }
    models = opened;
    say({ kind: 'ready', models: facts });
    for (const name of options.measures)
      say({ kind: 'measured', measured: await measuredOf(name, opened.get(name)!) });
  } catch (error) {
    say({ kind: 'failed', fault: faultOf(error) });
  }
}

function factsOf(name: string, model: Segmenter | Registrar): ModelFacts {
  const { preprocessing, prior, knobRanges, registration, method, task } = model.manifest;
  const { size, channels, volumes } = preprocessing;
  const given = prior.kind === 'uniform' ? [prior.low, prior.high] : [prior.factor].flat();
  const [low, high] = [Math.min(...given), Math.max(...given)];
  return {
    name,
    task,
    takesLambda: registration?.lambda !== undefined && 'hypernetwork' in method,
    labels: namedLabels(model.manifest),
    input: { kind: size.length === 3 || volumes !== undefined ? 'volume' : 'raster', size, channels },
    factors: { low, high },
    trained: { prior, ...(knobRanges === undefined ? {} : { knobRanges }) },
    isPlain: prior.kind === 'constant',
    points: model.points,
    cascade: cascadeOf(model),
  };
}

function cascadeOf(model: Segmenter | Registrar): ModelFacts['cascade'] {
  return model instanceof Segmenter && model.manifest.cascade !== undefined ? model.rungs : [];
}

/** Measures all settings that budgets choose from. Between two runs requests get their turn. */
async function measuredOf(name: string, model: Segmenter | Registrar): Promise<Measured> {
  const { points } = model;
  const { rungs = [] } = model.manifest.cascade ?? {};
  try {
    const timed = await model.calibrate({ settings: [...points, ...rungs], repeats: 3 });
    const times = new Map(timed.map((point) => [settingKey(point), point.milliseconds]));
    return {
      name,
      points: points.map((point) => ({ ...point, milliseconds: times.get(settingKey(point)) ?? null })),
      cascade: cascadeOf(model),
    };
  } catch (error) {
    // No request's.
    return {
      name,
      fault: { kind: 'defect', message: `${name} cannot be measured: ${faultOf(error).message}` },
    };
  }
}

async function work(id: number, request: WorkRequest): Promise<void> {
  const controller = new AbortController();
  cancelled.set(id, controller);
  try {
    say({ kind: 'done', id, prediction: await answerTo(request, controller.signal) });
  } catch (error) {
    say({ kind: 'refused', id, fault: faultOf(error) });
  } finally {
    cancelled.delete(id);
  }
}

async function answerTo(request: WorkRequest, signal: AbortSignal): Promise<Prediction> {
  const began = performance.now();
  const model = models.get(request.model)!;
  const prediction =
    request.task === 'segmentation'
      ? await segment(model as Segmenter, request, signal)
      : await register(model as Registrar, request, signal);
  return { ...prediction, milliseconds: performance.now() - began };
}

type Answer = Omit<Prediction, 'milliseconds'>;

async function segment(
  model: Segmenter,
  { files, format, setting, flips, clean }: PredictRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const input = await readInput(files, model.manifest, maxVoxels);
  const segmentation = await model.predict(input.picture, {
    ...setting,
    flips,
    clean,
    signal,
  });
  const { predictedDice, spent, setting: used } = segmentation;
  return {
    ...(await answer(format, input, segmentation, namedLabels(model.manifest))),
    setting: usedOf(used),
    ...(predictedDice === undefined || spent === undefined
      ? {}
      : { cascade: { predictedDice, spent, reason: used.reason } }),
    shape: [...segmentation.labels.shape],
    notes: [...input.notes, ...segmentation.notes],
  };
}

async function register(
  model: Registrar,
  { moving: ofMoving, fixed: ofFixed, format, setting: asked, lambda, steps, resample }: RegisterRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const [moving, fixed] = [
    await readInput(ofMoving, model.manifest, maxVoxels),
    await readInput(ofFixed, model.manifest, maxVoxels),
  ];
  const setting = {
    ...asked,
    lambda,
  };
  const registered = await model.register(moving.picture, fixed.picture, {
    ...setting,
    steps,
    resample,
    signal,
  });
  // Refinement that is stopped keeps what it has reached; nobody waits for it any more.
  signal.throwIfAborted();
  return {
    files: registrationAnswer(format, moving.picture, registered),
    setting: usedOf(model.choose(setting)),
    shape: [...registered.field.grid.shape],
    figures: registered.figures,
    notes: [...moving.notes, ...fixed.notes],
  };
}

function usedOf({ at: { factors, width, resolution } }: Chosen): Prediction['setting'] {
  return { factors: [...factors], width, resolution };
}

function faultOf(error: unknown): Fault {
  if (error instanceof WasmMemoryError || isOutOfMemory(error))
    return { kind: 'memory', message: (error as Error).message };
  if (error instanceof FileError) {
    const { path, problem, remedy, message } = error;
    return { kind: 'input', message, file: { path, problem, remedy } };
  }
  if (error instanceof SshnError) return { kind: 'input', message: error.message };
  return { kind: 'defect', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

function isOutOfMemory(error: unknown): boolean {
  return (
    error instanceof RangeError && /array length|buffer allocation|allocation failed/i.test(error.message)
  );
}
