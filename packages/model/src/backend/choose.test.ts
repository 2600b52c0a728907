import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SshnError, ValueError } from '@sshn/core';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import {
  copyRegisteredKernels,
  engine,
  findBackendFactory,
  getBackend,
  getKernel,
  type KernelFunc,
  registerBackend,
  registerKernel,
  setBackend,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fileStore } from '../node/file-store.js';
import {
  type BackendCandidate,
  BackendError,
  type BackendStore,
  type ChooseBackendOptions,
  chooseBackend,
  storageStore,
} from './choose.js';
import { selfTest } from './self-test.js';

const cpu: BackendCandidate = { name: 'cpu', start: () => useBackend('cpu') };
const wasm: BackendCandidate = { name: 'wasm', start: () => useBackend('wasm') };
const absent: BackendCandidate = {
  name: 'webgpu',
  start: async () => {
    throw new Error('no adapter');
  },
};
const idle: BackendCandidate = { name: 'webgl', start: async () => false };
const named = (name: string): BackendCandidate => ({ name, start: () => setBackend(name) });

/** The cpu backend under another name, with one kernel whose output values are changed. */
function variant(name: string, kernelName: string, change: (value: number) => number): void {
  registerBackend(name, findBackendFactory('cpu') as () => never);
  copyRegisteredKernels('cpu', name);
  const { kernelFunc } = getKernel(kernelName, name)!;
  unregisterKernel(kernelName, name);
  const changed: KernelFunc = (given) => {
    const output = kernelFunc(given) as TensorInfo;
    const { values } = (given.backend as { data: { get(id: object): { values: Float32Array } } }).data.get(
      output.dataId,
    );
    values.set(values.map(change));
    return output;
  };
  registerKernel({ kernelName, backendName: name, kernelFunc: changed });
}

/** Ten bits behind the leading one, as in float16; its range is wider than that of these tests. */
const half = (value: number): number => {
  const step = 2 ** Math.max(-24, Math.floor(Math.log2(Math.abs(value))) - 10);
  return value === 0 ? 0 : Math.round(value / step) * step;
};

beforeAll(async () => {
  await useBackend('cpu');
  variant('half', 'Multiply', half);
  variant('wrong', 'Conv2D', (value) => 1.01 * value);
});
beforeEach(() => useBackend('cpu'));

const quick = (options: Partial<ChooseBackendOptions>): ChooseBackendOptions => ({
  candidates: [cpu, wasm],
  milliseconds: 20,
  ...options,
});

describe('selfTest', () => {
  test.each(['cpu', 'wasm'] as const)('%s computes in float32, rightly, and trains', async (name) => {
    await useBackend(name);
    await withoutLeak(async () => expect(await selfTest()).toEqual({ precision: 'float32' }));
  });

  test('float16 is seen, and does not train', async () => {
    await setBackend('half');
    expect(await selfTest()).toEqual({
      precision: 'float16',
      trainingProblem: 'it computes in float16, in which training fails',
    });
  });

  test('an error of 1 % in a convolution is seen', async () => {
    await setBackend('wrong');
    expect((await selfTest()).problem).toBe('its convolution is off by 1 %');
  });
});

describe('chooseBackend', () => {
  test.each(['inference', 'training'] as const)(
    '%s: the fastest is current, and it says why',
    async (purpose) => {
      const choice = await withoutLeak(() => chooseBackend(quick({ purpose })));
      expect(choice.isRemembered).toBe(false);
      expect(getBackend()).toBe(choice.backend);
      const [ofCpu, ofWasm] = choice.measurements;
      expect([ofCpu!.name, ofWasm!.name]).toEqual(['cpu', 'wasm']);
      for (const { milliseconds, runs, precision } of choice.measurements) {
        expect(milliseconds).toBeGreaterThan(0);
        expect(runs).toBeGreaterThanOrEqual(1);
        expect(precision).toBe('float32');
      }
      expect(choice.backend).toBe(ofCpu!.milliseconds! < ofWasm!.milliseconds! ? 'cpu' : 'wasm');
      expect(choice.reason).toMatch(
        new RegExp(`^${choice.backend} takes [\\d.]+ ms for .*a small network; `),
      );
    },
  );

  test('gradients take longer than inference', async () => {
    const one = { candidates: [wasm], milliseconds: 60 };
    const inference = await chooseBackend(one);
    const training = await chooseBackend({ ...one, purpose: 'training' });
    expect(training.measurements[0]!.milliseconds!).toBeGreaterThan(inference.measurements[0]!.milliseconds!);
  });

  test('more time, more runs', async () => {
    const runs = async (milliseconds: number) =>
      (await chooseBackend({ candidates: [wasm], milliseconds })).measurements[0]!.runs!;
    expect(await runs(600)).toBeGreaterThan(await runs(1));
  });

  test('a run that takes longer than all of the time is the only one', async () => {
    const { measurements } = await chooseBackend({ candidates: [wasm], milliseconds: 1e-3 });
    expect(measurements[0]!.runs).toBe(1);
    expect(measurements[0]!.milliseconds).toBeGreaterThan(1e-3);
  });

  test('what does not start or computes wrongly is out', async () => {
    const choice = await chooseBackend(quick({ candidates: [absent, idle, named('wrong'), wasm] }));
    expect(choice.backend).toBe('wasm');
    expect(choice.reason).toMatch(
      /ms for a small network; webgpu is out: it does not start: no adapter; webgl is out: it does not start: cpu is current; wrong is out: its convolution is off by 1 %\.$/,
    );
  });

  test('float16 serves inference, not training', async () => {
    const candidates = [named('half')];
    expect((await chooseBackend(quick({ candidates }))).backend).toBe('half');
    await expect(chooseBackend(quick({ candidates, purpose: 'training' }))).rejects.toThrow(
      'No backend is fit for training:\n  half: it computes in float16, in which training fails\nAdd a candidate',
    );
  });

  test('where none is left, the backend from before stays', async () => {
    await useBackend('wasm');
    const failed = chooseBackend(quick({ candidates: [absent, named('wrong')] }));
    await expect(failed).rejects.toThrow(BackendError);
    await expect(failed).rejects.toBeInstanceOf(SshnError);
    await expect(failed).rejects.toMatchObject({ measurements: [{ name: 'webgpu' }, { name: 'wrong' }] });
    expect(getBackend()).toBe('wasm');
  });

  test('stops when told to, and leaves nothing behind', async () => {
    const stop = new AbortController();
    const before = engine().backendName;
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await withoutLeak(() =>
      expect(chooseBackend({ candidates: [cpu], milliseconds: 1e6, signal: stop.signal })).rejects.toThrow(
        'enough',
      ),
    );
    expect(getBackend()).toBe(before);
  });

  test.each([
    [{ candidates: [] }, 'chooseBackend: candidates: got [], expected at least one'],
    [{ candidates: [cpu, cpu] }, 'chooseBackend: candidates: got ["cpu","cpu"]'],
    [{ milliseconds: 0 }, 'chooseBackend: milliseconds: got 0, expected a positive number.'],
  ])('%o is refused', async (options, message) => {
    await expect(chooseBackend(quick(options))).rejects.toThrow(ValueError);
    await expect(chooseBackend(quick(options))).rejects.toThrow(message);
  });
});

describe('a choice is remembered', () => {
  const texts = new Map<string, string>();
  const store: BackendStore = storageStore({
    getItem: (key) => texts.get(key) ?? null,
    setItem: (key, text) => void texts.set(key, text),
  });
  afterEach(() => texts.clear());

  test('for the same candidates, purpose and device', async () => {
    const first = await chooseBackend(quick({ store, device: 'a' }));
    await useBackend('cpu');
    const again = await chooseBackend(quick({ store, device: 'a' }));
    expect(again).toEqual({ ...first, isRemembered: true });
    expect(getBackend()).toBe(first.backend);
    for (const other of [
      { device: 'b' },
      { device: 'a', candidates: [cpu] },
      { device: 'a', purpose: 'training' as const },
    ])
      expect((await chooseBackend(quick({ store, ...other }))).isRemembered).toBe(false);
  });

  test('measured again where it no longer starts, no longer passes, or is unreadable', async () => {
    await chooseBackend(quick({ store, candidates: [wasm] }));
    const [key] = [...texts.keys()];
    for (const text of [
      '',
      '{',
      'null',
      '{"backend":"wasm"}',
      '{"backend":"no","reason":"","measurements":[]}',
    ]) {
      texts.set(key!, text);
      expect((await chooseBackend(quick({ store, candidates: [wasm] }))).isRemembered).toBe(false);
    }
    const gone = { name: 'wasm', start: absent.start };
    await expect(chooseBackend(quick({ store, candidates: [gone] }))).rejects.toThrow('no adapter');
  });

  test('a store that fails is as good as none', async () => {
    const broken: BackendStore = {
      get: () => {
        throw new Error('private mode');
      },
      set: () => Promise.reject(new Error('full')),
    };
    expect((await chooseBackend(quick({ store: broken }))).isRemembered).toBe(false);
  });

  test('in a file, beside what else is in it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sshn-backend-'));
    try {
      const path = join(folder, 'cache', 'backend.json');
      const file = fileStore(path);
      expect(await file.get('a')).toBeUndefined();
      await file.set('a', 'one');
      await file.set('b', 'two');
      expect(await Promise.all(['a', 'b', 'c'].map((key) => file.get(key)))).toEqual([
        'one',
        'two',
        undefined,
      ]);
      expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ a: 'one', b: 'two' });
      await writeFile(path, 'broken');
      await file.set('a', 'three');
      expect(await file.get('a')).toBe('three');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
