import { EventEmitter } from 'node:events';
import { FileError, ValueError } from '@sshn/core';
import { describe, expect, it, vi } from 'vitest';
import { describeBackend } from './backend.js';
import { diagnostics, machine, version } from './environment.js';
import { explainFailure, Interrupted, listenForInterruption } from './exit.js';

describe('explainFailure', () => {
  const explain = (error: unknown) => explainFailure(error, () => 'the diagnostics');

  it('is one line for bad input', () => {
    expect(
      explain(new FileError({ path: 'a.png', problem: 'it is cut off', remedy: 'Copy it again.' })),
    ).toBe('error: a.png: it is cut off. Copy it again.');
    expect(
      explain(new ValueError({ where: 'factor', got: 2, expected: 'a number in [0, 1]' })),
    ).not.toContain('\n');
  });

  it.each([
    ['ENOSPC', 'error: runs/x: the disk is full. Free some space; what was there before is untouched.'],
    ['EACCES', 'error: runs/x: permission denied. Change its permissions or use another folder.'],
    ['EEXIST', 'error: runs/x: a file or folder of this name is in the way. Choose another path.'],
    ['EIO', 'error: runs/x: the system reports EIO. Check the disk and the path.'],
  ])('is one line for %s of the system', (code, message) => {
    const error = Object.assign(new Error(`${code}: text of the system`), {
      code,
      syscall: 'open',
      path: 'runs/x',
    });
    expect(explain(error)).toBe(message);
  });

  it('shows the stack of a defect and asks for a report with the diagnostics', () => {
    const text = explain(new TypeError('x is not a function'));
    expect(text).toMatch(/TypeError: x is not a function\n\s+at .*process\.test\.ts/);
    expect(text).toMatch(/defect of sshn.*report.*\nthe diagnostics$/s);
    expect(explain('a string')).toContain('a string');
  });
});

describe('describeBackend', () => {
  const status = {
    backend: 'wasm',
    simd: 'fixed',
    simdReason: 'the engine has no relaxed SIMD',
    threads: 2,
    kernels: { native: ['a', 'b'], composed: ['c'], stock: [] },
    limits: [],
  } as const;

  it('says what is on, and what is less than it could be', () => {
    expect(describeBackend(status)).toBe('wasm (SIMD, 2 threads, 2 native and 1 composed kernels)');
    expect(describeBackend({ ...status, simd: 'relaxed' })).toMatch(/^wasm \(relaxed SIMD, /);
    expect(describeBackend({ ...status, simd: 'wide' })).toMatch(/^wasm \(wide SIMD, /);
    expect(describeBackend({ ...status, simd: false, threads: 1, limits: ['No shared memory.'] })).toBe(
      'wasm (no SIMD, 1 thread, 2 native and 1 composed kernels); No shared memory.',
    );
  });
});

describe('diagnostics', () => {
  it('names versions, machine and backend', () => {
    expect(diagnostics()).toContain(`sshn ${version}`);
    expect(diagnostics()).toContain(`Node ${process.versions.node}`);
    expect(machine()).toMatch(/, \d+ cores?$/);
  });
});

describe('listenForInterruption', () => {
  const fake = () => Object.assign(new EventEmitter(), { exit: vi.fn() });
  const listen = (emitter: ReturnType<typeof fake>, onFirst = () => {}) =>
    listenForInterruption(onFirst, emitter as unknown as NodeJS.Process);

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('aborts at the first %s and ends at the second', (signal, code) => {
    const emitter = fake();
    const onFirst = vi.fn();
    const interruption = listen(emitter, onFirst);
    expect(interruption.signal.aborted).toBe(false);
    emitter.emit(signal, signal);
    expect(interruption.signal.reason).toBeInstanceOf(Interrupted);
    expect([interruption.exitCode(), onFirst.mock.calls.length, emitter.exit.mock.calls.length]).toEqual([
      code,
      1,
      0,
    ]);
    emitter.emit(signal, signal);
    expect(emitter.exit).toHaveBeenCalledWith(code);
  });

  it('gives the signals back', () => {
    const emitter = fake();
    listen(emitter).dispose();
    expect(emitter.listenerCount('SIGINT') + emitter.listenerCount('SIGTERM')).toBe(0);
  });
});
