import { requireOption, SshnError, ValueError } from '@sshn/core';
import { repairKernels } from '@sshn/ops';
import { engine, getBackend, setBackend } from '@tensorflow/tfjs-core';
import { messageOf, type Purpose, type SelfTest, selfTest, timeNetwork } from './self-test.js';

/** Remembers short texts. */
export interface BackendStore {
  get(key: string): Promise<string | undefined> | string | undefined;
  set(key: string, text: string): Promise<void> | void;
}

/**
 * A store in a page's `localStorage`, or any `Storage`.
 *
 * @example
 * await chooseBackend({ candidates, store: storageStore() });
 */
export function storageStore(storage: Pick<Storage, 'getItem' | 'setItem'> = localStorage): BackendStore {
  return {
    get: (key) => storage.getItem(key) ?? undefined,
    set: (key, text) => storage.setItem(key, text),
  };
}

/**
 * A store in the caches of a page's origin, for Workers, which have no `localStorage`; pages need a secure context for it.
 *
 * @param name Of the cache.
 * @example
 * await chooseBackend({ candidates, store: cacheStore() });   // in a Worker
 */
export function cacheStore(name = 'sshn-backend'): BackendStore {
  const addressOf = (key: string): string => `/${encodeURIComponent(key)}`;
  return {
    get: async (key) => (await (await caches.open(name)).match(addressOf(key)))?.text(),
    set: async (key, text) => (await caches.open(name)).put(addressOf(key), new Response(text)),
  };
}

/** A tfjs backend that comes into question. */
export interface BackendCandidate {
  /** As tfjs calls it: 'wasm', 'webgl', 'webgpu', 'cpu'. */
  readonly name: string;
  /** Loads it and makes it the current one. May be called more than once. Where it cannot start it throws, or another stays. */
  start(): Promise<unknown>;
}

/** What a candidate was found to be. */
export interface BackendMeasurement extends Partial<SelfTest> {
  readonly name: string;
  /** Median of one run of a small network; absent where the candidate is out of question. */
  readonly milliseconds?: number;
  readonly runs?: number;
}

/** Which backend runs now, and why. */
export interface BackendChoice {
  readonly backend: string;
  /** One sentence for people. */
  readonly reason: string;
  /** All candidates, in their order. */
  readonly measurements: readonly BackendMeasurement[];
  /** Whether this was measured in an earlier call. */
  readonly isRemembered: boolean;
}

/** How `chooseBackend` chooses. */
export interface ChooseBackendOptions {
  readonly candidates: readonly BackendCandidate[];
  /** Training needs float32 and right gradients, and is timed with them. @default 'inference' */
  readonly purpose?: Purpose;
  /** For each candidate, besides starting and one first run. @default 300 */
  readonly milliseconds?: number;
  /** Remembers the choice for the same candidates, purpose and device. @default none: every call measures */
  readonly store?: BackendStore;
  /** What a remembered choice holds for. @default the browser's name and version, or those of Node */
  readonly device?: string;
  /** Ends it between two runs; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** No candidate can be used: says why of each. */
export class BackendError extends SshnError {
  override readonly name = 'BackendError';

  constructor(
    readonly purpose: Purpose,
    readonly measurements: readonly BackendMeasurement[],
  ) {
    const rows = measurements.map((each) => `  ${each.name}: ${problemOf(each, purpose)}`);
    super(
      `No backend is fit for ${purpose}:\n${rows.join('\n')}\nAdd a candidate that runs everywhere: wasm or cpu.`,
    );
  }
}

/**
 * Makes the fastest of several backends the current one, by measuring: each is started, tested against plain JavaScript
 * (products, a convolution, its gradient), and timed on a small U-Net. What computes wrongly is out of question, and for
 * training what computes in float16.
 *
 * Stock kernels of webgl and webgpu that fail are repaired (`repairKernels` of @sshn/ops).
 *
 * A remembered choice is started and tested again, but not timed; where it no longer starts or passes, all are measured.
 * A store that fails is as good as none. Backends that were not chosen stay registered.
 *
 * @throws {BackendError} if none starts and passes. The backend from before is then current again.
 * @throws {ValueError} if there is no candidate, two have the same name, or the time is no positive number.
 * @example
 * const { backend, reason } = await chooseBackend({
 *   candidates: [
 *     { name: 'wasm', start: () => useFastWasm({ wasmPaths: '/tfjs/' }) },
 *     { name: 'webgl', start: () => import('@sshn/backend-webgl').then(({ useFastWebgl }) => useFastWebgl()) },
 *     { name: 'webgpu', start: () => import('@sshn/backend-webgpu').then(({ useFastWebgpu }) => useFastWebgpu()) },
 *   ],
 *   store: storageStore(),
 * });
 */
export async function chooseBackend(options: ChooseBackendOptions): Promise<BackendChoice> {
  const { candidates, purpose = 'inference', milliseconds = 300, store, signal } = options;
  requireOption('purpose', purpose, ['inference', 'training']);
  if (!(milliseconds > 0 && milliseconds < Infinity)) {
    const detail = { got: milliseconds, expected: 'a positive number' };
    throw new ValueError({ where: 'chooseBackend: milliseconds', ...detail });
  }
  const names = candidates.map(({ name }) => name);
  if (names.length === 0 || new Set(names).size < names.length) {
    const expected = 'at least one, each with a name of its own';
    throw new ValueError({ where: 'chooseBackend: candidates', got: names, expected });
  }
  const key = `sshn-backend ${purpose} ${names.join('+')} ${options.device ?? thisDevice()}`;
  const before = engine().backendName;
  try {
    const remembered = await recall(store, key, candidates, purpose);
    if (remembered !== undefined) return remembered;

    const measurements: BackendMeasurement[] = [];
    for (const candidate of candidates) {
      signal?.throwIfAborted();
      measurements.push(await measure(candidate, purpose, milliseconds, signal));
    }
    const fit = measurements.filter((each) => each.milliseconds !== undefined);
    if (fit.length === 0) throw new BackendError(purpose, measurements);
    const best = fit.reduce((a, b) => (b.milliseconds! < a.milliseconds! ? b : a));
    await candidates.find(({ name }) => name === best.name)!.start();
    const reason = reasonFor(best, measurements, purpose);
    const choice = { backend: best.name, reason, measurements };
    await quietly(() => store?.set(key, JSON.stringify(choice)));
    return { ...choice, isRemembered: false };
  } catch (error) {
    if (before) await setBackend(before);
    throw error;
  }
}

async function measure(
  candidate: BackendCandidate,
  purpose: Purpose,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<BackendMeasurement> {
  const { name } = candidate;
  const startProblem = await startOf(candidate);
  if (startProblem !== undefined) return { name, problem: startProblem };
  const test = await selfTest();
  if (problemOf(test, purpose) !== undefined) return { name, ...test };
  try {
    return { name, ...test, ...(await timeNetwork(purpose, milliseconds, signal)) };
  } catch (error) {
    signal?.throwIfAborted();
    return { name, ...test, problem: `a small network failed: ${messageOf(error)}` };
  }
}

/** Starts a candidate; otherwise says why not. */
async function startOf({ name, start }: BackendCandidate): Promise<string | undefined> {
  try {
    await start();
    repairKernels();
  } catch (error) {
    return `it does not start: ${messageOf(error)}`;
  }
  return getBackend() === name ? undefined : `it does not start: ${getBackend() || 'no backend'} is current`;
}

/** The choice from an earlier call, started and tested. */
async function recall(
  store: BackendStore | undefined,
  key: string,
  candidates: readonly BackendCandidate[],
  purpose: Purpose,
): Promise<BackendChoice | undefined> {
  const text = await quietly(() => store?.get(key));
  const choice = await quietly(() => JSON.parse(text ?? 'null') as Partial<BackendChoice> | null);
  const candidate = candidates.find(({ name }) => name === choice?.backend);
  if (candidate === undefined || typeof choice?.reason !== 'string' || !Array.isArray(choice.measurements))
    return undefined;
  if ((await startOf(candidate)) !== undefined) return undefined;
  if (problemOf(await selfTest(), purpose) !== undefined) return undefined;
  const { reason, measurements } = choice;
  return { backend: candidate.name, reason, measurements, isRemembered: true };
}

function problemOf({ problem, trainingProblem }: Partial<SelfTest>, purpose: Purpose): string | undefined {
  return problem ?? (purpose === 'training' ? trainingProblem : undefined);
}

function reasonFor(
  best: BackendMeasurement,
  measurements: readonly BackendMeasurement[],
  purpose: Purpose,
): string {
  const others = measurements
    .filter(({ name }) => name !== best.name)
    .map((each) =>
      each.milliseconds === undefined
        ? `${each.name} is out: ${problemOf(each, purpose)}`
        : `${each.name} takes ${inMilliseconds(each.milliseconds)}`,
    );
  const task = purpose === 'training' ? 'the gradients of a small network' : 'a small network';
  return `${best.name} takes ${inMilliseconds(best.milliseconds!)} for ${task}; ${others.join('; ') || 'there was no other'}.`;
}

function inMilliseconds(value: number): string {
  return `${Number(value.toPrecision(3))} ms`;
}

/** Undefined where it fails. */
async function quietly<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

function thisDevice(): string {
  const { navigator, process } = globalThis as {
    navigator?: { readonly userAgent?: string };
    process?: { readonly version?: string };
  };
  return navigator?.userAgent ?? `Node ${process?.version ?? ''}`;
}
