import { Rng } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { decodeLzw } from './lzw.js';

/** Codes packed from the highest bit down, in widths that grow one code early, as writers do. */
function pack(codes: readonly number[]): Uint8Array {
  const bits: number[] = [];
  let known = 258;
  let width = 9;
  let isFirst = true;
  for (const code of codes) {
    for (let i = width - 1; i >= 0; i--) bits.push((code >> i) & 1);
    if (code === 256) [known, width, isFirst] = [258, 9, true];
    else {
      if (!isFirst && known < 4096) known++;
      isFirst = false;
      if (known + 1 >= 2 ** width && width < 12) width++;
    }
  }
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => {
    bytes[i >> 3]! |= bit << (7 - (i & 7));
  });
  return bytes;
}

/** A plain compressor after TIFF 6.0, section 13. */
function compress(data: Uint8Array): Uint8Array {
  const codes = [256];
  let table = new Map<string, number>();
  let string = '';
  const codeOf = (text: string): number => (text.length === 1 ? text.charCodeAt(0) : table.get(text)!);
  for (const byte of data) {
    const next = string + String.fromCharCode(byte);
    if (next.length === 1 || table.has(next)) {
      string = next;
      continue;
    }
    codes.push(codeOf(string));
    table.set(next, 258 + table.size);
    string = String.fromCharCode(byte);
    if (table.size === 4094 - 258) {
      codes.push(codeOf(string), 256);
      string = '';
      table = new Map();
    }
  }
  if (string !== '') codes.push(codeOf(string));
  return pack([...codes, 257]);
}

describe('decodeLzw', () => {
  it("decodes the specification's example", () => {
    const stream = pack([256, 7, 258, 8, 8, 258, 6, 6, 257]);
    expect([...decodeLzw(stream, 9)]).toEqual([7, 7, 7, 8, 8, 7, 7, 6, 6]);
  });

  it.each([
    ['noise', 20_000, (rng: Rng) => rng.integer(256)],
    ['few values', 100_000, (rng: Rng) => rng.integer(3)],
    ['one value', 100_000, () => 42],
  ] as const)('gives %s back, over widths of 9 to 12 bits and full tables', (_, length, draw) => {
    const rng = Rng.fromSeed(1);
    const data = Uint8Array.from({ length }, () => draw(rng));
    const decoded = decodeLzw(compress(data), length);
    expect(decoded.every((byte, i) => byte === data[i])).toBe(true);
  });

  it('ends at the end code, and refuses to end earlier', () => {
    const data = Uint8Array.of(1, 1, 1, 2, 3);
    expect([...decodeLzw(compress(data), 3)]).toEqual([1, 1, 1]);
    expect(() => decodeLzw(compress(data), 6)).toThrow(/5 of 6 bytes of a strip are there/);
  });

  it('refuses codes that are not defined, whatever the state of the table', () => {
    expect(() => decodeLzw(pack([256, 258, 257]), 2)).toThrow(/LZW code 258 is not defined/);
    expect(() => decodeLzw(pack([256, 1, 260, 257]), 2)).toThrow(/LZW code 260 is not defined/);
    expect(() => decodeLzw(pack([300]), 2)).toThrow(/LZW code 300 is not defined/);
  });

  it('survives a table that is full and never cleared, where other readers run forever', () => {
    const codes = [256, ...new Array<number>(4000).fill(0), 4094, 4095, 257];
    const length = 4000 + 2;
    expect(decodeLzw(pack(codes), length).every((byte) => byte === 0)).toBe(true);
  });

  it('refuses streams of the years before TIFF 6, whose bits run the other way', () => {
    expect(() => decodeLzw(Uint8Array.of(0, 1, 2), 3)).toThrow(/LZW of the years before TIFF 6/);
  });
});
