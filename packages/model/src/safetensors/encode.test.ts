import { ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { float32Bytes, reference } from '../testing/reference-files.js';
import type { RawTensor } from './header.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const float32 = (shape: number[], ...values: number[]): RawTensor => ({
  dtype: 'F32',
  shape,
  data: float32Bytes(...values),
});

describe('encodeSafetensors', () => {
  test('by hand: length, header, spaces, data', () => {
    const bytes = encodeSafetensors({
      tensors: new Map([['w', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }]]),
      metadata: { a: 'b' },
    });
    const header = '{"__metadata__":{"a":"b"},"w":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}';
    expect(Array.from(bytes.subarray(0, 8))).toEqual([80, 0, 0, 0, 0, 0, 0, 0]);
    expect(text(bytes.subarray(8, 88))).toBe(header.padEnd(80));
    expect(Array.from(bytes.subarray(88))).toEqual([1, 2, 3]);
  });

  test('writes what the reference implementation writes, byte for byte', () => {
    const tensors = new Map([
      ['decoder.bias', float32([2], 0.5, -1.25)],
      ['encoder.0.kernel', float32([1, 2, 3], 0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3)],
    ]);
    expect(encodeSafetensors({ tensors, metadata: { author: 'grün' } })).toEqual(reference.float32);
  });

  test('the file of nothing', () => {
    const bytes = encodeSafetensors({ tensors: new Map(), metadata: {} });
    expect(text(bytes.subarray(8))).toBe('{}      ');
    expect(decodeSafetensors(bytes)).toEqual({ tensors: new Map(), metadata: {} });
  });

  test('order is canonical, whatever the order of the map; wide formats come first, all aligned', () => {
    const entries: Array<[string, RawTensor]> = [
      ['flag', { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) }],
      ['stage.10', float32([1], 10)],
      ['stage.2', float32([], 2)],
      ['double', { dtype: 'F64', shape: [1], data: new Uint8Array(8) }],
      ['none', float32([0, 4])],
    ];
    const bytes = encodeSafetensors({ tensors: new Map(entries), metadata: { b: '2', a: '1' } });
    const back = decodeSafetensors(bytes);
    expect([...back.tensors.keys()]).toEqual(['double', 'none', 'stage.2', 'stage.10', 'flag']);
    expect(back.tensors.get('stage.10')!.data.byteOffset % 4).toBe(0);
    expect(encodeSafetensors({ tensors: new Map(entries.reverse()), metadata: { a: '1', b: '2' } })).toEqual(
      bytes,
    );
  });

  test('names and metadata with quotes, umlauts and emoji come back', () => {
    const tensors = new Map([['größe "x" \\ 🧠', float32([1], 1)]]);
    const metadata = { 'ключ "1"': '{"json":"\\u0000 inside"}\n\t🧠' };
    const back = decodeSafetensors(encodeSafetensors({ tensors, metadata }));
    expect(back).toEqual({ tensors, metadata });
  });

  test.each<[string, string, RawTensor, string]>([
    ['bytes that do not fit the shape', 'w', { ...float32([2], 1) }, "bytes of 'w': got 4, expected 8"],
    ['a shape that is none', 'w', { ...float32([], 1), shape: [1, -1] }, "shape of 'w'"],
    ['a fraction in a shape', 'w', { ...float32([], 1), shape: [0.5] }, "shape of 'w'"],
    ['the name of the metadata', '__metadata__', float32([], 1), '__metadata__'],
    ['no name', '', float32([], 1), 'an empty name'],
    ['control characters', 'a\u0000b', float32([], 1), 'control characters'],
    ['half of a surrogate pair', 'a\ud800', float32([], 1), 'control characters'],
    ['an endless name', 'x'.repeat(1001), float32([], 1), '1001 characters'],
  ])('refuses %s', (_, name, tensor, message) => {
    const encode = () => encodeSafetensors({ tensors: new Map([[name, tensor]]), metadata: {} });
    expect(encode).toThrow(ValueError);
    expect(encode).toThrow(message);
  });

  test('refuses a header that no reader would take', () => {
    const metadata = { huge: 'x'.repeat(100_000_000) };
    expect(() => encodeSafetensors({ tensors: new Map(), metadata })).toThrow('Store less metadata');
  });
});
