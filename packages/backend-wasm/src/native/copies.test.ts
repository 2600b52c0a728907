import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  add,
  addN,
  backend,
  clone,
  concat,
  engine,
  keep,
  memory,
  reshape,
  slice,
  split,
  type Tensor,
  tensor,
  tidy,
  variable,
} from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerNativeKernels, unregisterNativeKernels } from './index.js';
import { nativeForTests } from './testing/native.js';

describe('concat, split and slice', () => {
  type Numeric = 'float32' | 'int32' | 'bool';

  beforeAll(async () => registerNativeKernels(await nativeForTests()));
  afterAll(unregisterNativeKernels);

  const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

  /** Values 1, 2, … (bool: a pattern of 0 and 1) that tell every position from its neighbors. */
  function counted(shape: readonly number[], dtype: Numeric = 'float32', first = 1): Tensor {
    const values = Array.from({ length: sizeOf(shape) }, (_, i) =>
      dtype === 'bool' ? ((i * i) >> 1) & 1 : first + i,
    );
    return tensor(values, [...shape], dtype);
  }

  /** Flat values of the box of `size` at `begin`, position by position. */
  function box(x: Tensor, begin: readonly number[], size: readonly number[]): number[] {
    const values = x.dataSync();
    let flat = [0];
    x.shape.forEach((length, axis) => {
      flat = flat.flatMap((i) =>
        Array.from({ length: size[axis]! }, (_, j) => i * length + begin[axis]! + j),
      );
    });
    return flat.map((i) => values[i]!);
  }

  const dtypes = fc.constantFrom<Numeric>('float32', 'int32', 'bool');
  const shapes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 });

  describe('slice', () => {
    it('takes the box position by position', () => {
      const cases = shapes.chain((shape) =>
        fc.record({
          shape: fc.constant(shape),
          spans: fc.tuple(
            ...shape.map((n) =>
              fc.tuple(fc.nat(n), fc.nat(n)).map(([a, b]) => [Math.min(a, b), Math.abs(a - b)] as const),
            ),
          ),
          dtype: dtypes,
        }),
      );
      fc.assert(
        fc.property(cases, ({ shape, spans, dtype }) => {
          tidy(() => {
            const x = counted(shape, dtype);
            const begin = spans.map(([from]) => from);
            const size = spans.map(([, length]) => length);
            const got = slice(x, begin, size);
            expect(got.shape).toEqual(size);
            expect(got.dtype).toBe(dtype);
            expect([...got.dataSync()]).toEqual(box(x, begin, size));
          });
        }),
        { numRuns: 300 },
      );
    });

    it('shares what is taken whole', () => {
      const x = counted([2, 3]);
      const whole = slice(x, [0, 0], [2, 3]);
      expect(whole.dataId).toBe(x.dataId);
      x.dispose();
      expect([...whole.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
      whole.dispose();
    });
  });

  describe('concat and split', () => {
    it('put each part where its box is, and take it back, along every axis', () => {
      const cases = shapes.chain((shape) =>
        fc.record({
          shape: fc.constant(shape),
          axis: fc.nat(shape.length - 1),
          lengths: fc
            .array(fc.nat(40), { minLength: 1, maxLength: 4 })
            .filter((all) => all.some((n) => n > 0)),
          dtype: dtypes,
        }),
      );
      fc.assert(
        fc.property(cases, ({ shape, axis, lengths, dtype }) => {
          tidy(() => {
            const parts = lengths.map((n, i) => counted(shape.with(axis, n), dtype, 1 + 10000 * i));
            const whole = concat(parts, axis);
            expect(whole.shape).toEqual(
              shape.with(
                axis,
                lengths.reduce((a, b) => a + b),
              ),
            );
            expect(whole.dtype).toBe(dtype);
            let from = 0;
            for (const part of parts) {
              const begin = shape.map((_, i) => (i === axis ? from : 0));
              expect(box(whole, begin, part.shape)).toEqual([...part.dataSync()]);
              from += part.shape[axis]!;
            }
            const pieces = split(whole, lengths, axis);
            pieces.forEach((piece, i) => {
              expect(piece.shape).toEqual(parts[i]!.shape);
              expect([...piece.dataSync()]).toEqual([...parts[i]!.dataSync()]);
            });
          });
        }),
        { numRuns: 200 },
      );
    });

    it('copies runs of any length, long ones too', () => {
      for (const channels of [1, 3, 15, 16, 17, 33, 511, 512, 700]) {
        tidy(() => {
          const parts = [counted([3, channels]), counted([3, 5], 'float32', 9000)];
          const [a, b] = split(concat(parts, 1), [channels, 5], 1);
          expect([...a!.dataSync()]).toEqual([...parts[0]!.dataSync()]);
          expect([...b!.dataSync()]).toEqual([...parts[1]!.dataSync()]);
        });
      }
    });

    it('counts an axis from the end, and splits into equal pieces by number', () => {
      tidy(() => {
        const pieces = split(counted([2, 4]), 2, -1);
        expect(pieces.map((piece) => [...piece.dataSync()])).toEqual([
          [1, 2, 5, 6],
          [3, 4, 7, 8],
        ]);
      });
    });

    it('leaves strings and mixed types to the stock kernels', () => {
      tidy(() => {
        expect(concat([tensor(['a']), tensor(['b', 'c'])]).dataSync()).toEqual(['a', 'b', 'c']);
        expect(slice(tensor(['a', 'b', 'c']), 1, 1).dataSync()).toEqual(['b']);
        const inputs = [counted([2]), counted([1], 'int32')] as never;
        expect([...(engine().runKernel('Concat', inputs, { axis: 0 }) as Tensor).dataSync()]).toEqual([
          1, 2, 1,
        ]);
      });
    });

    it('frees everything once its tensors are gone', () => {
      const before = [memory().numTensors, memory().numDataBuffers, memory().numBytes];
      tidy(() => {
        const x = counted([2, 3, 4]);
        const whole = concat([x, x, counted([2, 0, 4])], 1);
        split(whole, [6], 1);
        split(whole, 3, 1);
        slice(whole, [0, 0, 0], [2, 6, 4]);
        concat([x, counted([2, 0, 4])], 1);
      });
      expect([memory().numTensors, memory().numDataBuffers, memory().numBytes]).toEqual(before);
    });
  });
});

describe('clones and reuse', () => {
  beforeAll(async () => registerNativeKernels(await nativeForTests()));
  afterAll(unregisterNativeKernels);

  const address = (x: Tensor): number => (backend() as BackendWasm).dataIdMap.get(x.dataId).memoryOffset;
  const counts = (): number[] => [
    memory().numTensors,
    memory().numDataBuffers,
    (backend() as BackendWasm).numDataIds(),
  ];

  describe('a clone', () => {
    it('shares its values and outlives the original, whichever goes first', () => {
      for (const firstGone of [0, 1]) {
        const before = counts();
        const x = tensor([1, 2, 3]);
        const pair = [x, clone(x)];
        expect(address(pair[0]!)).toBe(address(pair[1]!));
        expect(counts()).toEqual([before[0]! + 2, before[1]! + 1, before[2]! + 1]);
        pair[firstGone]!.dispose();
        expect(counts()).toEqual([before[0]! + 1, before[1]! + 1, before[2]! + 1]);
        expect([...pair[1 - firstGone]!.dataSync()]).toEqual([1, 2, 3]);
        pair[1 - firstGone]!.dispose();
        expect(counts()).toEqual(before);
      }
    });

    it.each(['float32', 'int32', 'bool', 'string'] as const)('of %s holds the same values', (dtype) => {
      const x = dtype === 'string' ? tensor(['a', 'bc']) : tensor([1, 0], [2], dtype);
      const copy = clone(x);
      expect(copy.dtype).toBe(dtype);
      expect([...(copy.dataSync() as Iterable<unknown>)]).toEqual([...(x.dataSync() as Iterable<unknown>)]);
      x.dispose();
      copy.dispose();
    });

    it('survives tidy when kept, and a chain of clones and reshapes frees its values once', () => {
      const before = counts();
      const x = tensor([1, 2, 3, 4]);
      const kept = tidy(() => {
        const second = clone(reshape(clone(x), [2, 2]));
        return [keep(clone(second)), second] as const;
      });
      x.dispose();
      expect([...kept[0].dataSync()]).toEqual([1, 2, 3, 4]);
      kept[1].dispose();
      expect([...kept[0].dataSync()]).toEqual([1, 2, 3, 4]);
      kept[0].dispose();
      expect(counts()).toEqual(before);
    });

    it('is not written to by what is computed from the original or read from it', () => {
      const x = tensor([1, 2, 3]);
      const copy = clone(x);
      const read = x.dataSync();
      read[0] = 9;
      tidy(() => [addN([x, x, x]), add(x, 1)]);
      expect([...copy.dataSync()]).toEqual([1, 2, 3]);
      x.dispose();
      copy.dispose();
    });

    it('keeps the old values of a variable that is assigned anew', () => {
      const before = counts();
      const initial = tensor([1, 2]);
      const v = variable(initial);
      const old = clone(v as Tensor);
      const next = tensor([3, 4]);
      v.assign(next);
      next.dispose();
      expect([...old.dataSync()]).toEqual([1, 2]);
      expect([...v.dataSync()]).toEqual([3, 4]);
      for (const t of [initial, v, old]) t.dispose();
      expect(counts()).toEqual(before);
    });

    it('does not grow the heap over a thousand calls', () => {
      const x = tensor(new Float32Array(1 << 16));
      const heap = (): number =>
        (backend() as unknown as { wasm: { asm: { memory: WebAssembly.Memory } } }).wasm.asm.memory.buffer
          .byteLength;
      const size = heap();
      const copies = Array.from({ length: 1000 }, () => engine().runKernel('Identity', { x }) as Tensor);
      expect(heap()).toBe(size);
      for (const copy of [x, ...copies]) copy.dispose();
    });
  });
});
