import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { getBackend, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type ActiveBackend, backendStarter, replaceBackend, runningBackend } from './start-backend.js';

const NAME = 'started-by-test';

afterEach(() => removeBackend(NAME));

/** A start of a backend of its own, which logs when it began and ended. */
function starting(log: string[], wish: string, isLost = () => false): () => Promise<ActiveBackend> {
  return async () => {
    log.push(`begin ${wish}`);
    await replaceBackend(NAME, () => new MathBackendCPU(), 1);
    log.push(`end ${wish}`);
    return { wish, backend: runningBackend(NAME)!, status: { wish }, isLost };
  };
}

describe('backendStarter', () => {
  test('calls follow one another; the last one is on, and the same wish starts nothing', async () => {
    const log: string[] = [];
    const starter = backendStarter(NAME);
    expect(starter.active).toBeUndefined();
    const wishes = ['a', 'b', 'b'];
    const statuses = await Promise.all(wishes.map((wish) => starter.activate(wish, starting(log, wish))));
    expect(log).toEqual(['begin a', 'end a', 'begin b', 'end b']);
    expect(statuses).toEqual([{ wish: 'a' }, { wish: 'b' }, { wish: 'b' }]);
    expect(starter.active!.status).toBe(statuses[2]);
  });

  test('the same wish makes the backend current again', async () => {
    const starter = backendStarter(NAME);
    const status = await starter.activate('a', starting([], 'a'));
    await replaceBackend('another', () => new MathBackendCPU(), 1);
    expect(await starter.activate('a', starting([], 'a'))).toBe(status);
    expect(getBackend()).toBe(NAME);
    removeBackend('another');
  });

  test('a backend that was lost or removed is started anew', async () => {
    const log: string[] = [];
    const starter = backendStarter(NAME);
    let isLost = false;
    const activate = () =>
      starter.activate(
        'a',
        starting(log, 'a', () => isLost),
      );
    const first = await activate();
    isLost = true;
    const second = await activate();
    expect(second).not.toBe(first);
    isLost = false;
    removeBackend(NAME);
    expect(await activate()).not.toBe(second);
    expect(log).toHaveLength(6);
  });

  test('a start that fails leaves the way free for the next', async () => {
    const starter = backendStarter(NAME);
    const failed = starter.activate('a', () => Promise.reject(new RangeError('not today')));
    const next = starter.activate('a', starting([], 'a'));
    await expect(failed).rejects.toThrow('not today');
    expect(await next).toEqual({ wish: 'a' });
  });
});

describe('replaceBackend', () => {
  test('the former backend comes back if the new one does not start', async () => {
    registerBackend(NAME, () => new MathBackendCPU());
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {}); // by tfjs
    const started = replaceBackend(NAME, () => Promise.reject(new Error('no device')), 1);
    expect(await started).toBe(false);
    warn.mockRestore();
    expect(await setBackend(NAME)).toBe(true);
    expect(runningBackend(NAME)).toBeInstanceOf(MathBackendCPU);
  });
});
