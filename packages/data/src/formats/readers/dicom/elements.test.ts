import { readFileSync } from 'node:fs';
import { FileError } from '@sshn/core';
import { sharedFolder } from '@sshn-internal/testing';
import { describe, expect, it } from 'vitest';
import { cpuTime } from '../../../testing/cpu-time.js';
import { decodeDicom } from '../../../volumes/dicom/decode.js';
import { looksLikeDicom } from './file.js';

type Bytes = readonly number[];
const u16 = (...values: number[]) => values.flatMap((value) => [value & 255, (value >> 8) & 255]);
const u32 = (value: number) => u16(value & 0xffff, value >>> 16);
const ascii = (text: string) => [...text].map((c) => c.charCodeAt(0));
const even = (text: string) => ascii(text.length % 2 === 0 ? text : `${text}\0`);
const tag = (value: number) => u16(value >>> 16, value & 0xffff);
const open = 0xffffffff;

/** Elements with kinds: those of two bytes of length, and those of four. */
const short = (name: number, kind: string, value: Bytes) => [
  ...tag(name),
  ...ascii(kind),
  ...u16(value.length),
  ...value,
];
const long = (name: number, kind: string, value: Bytes, length = value.length) => [
  ...tag(name),
  ...ascii(kind),
  0,
  0,
  ...u32(length),
  ...value,
];
/** An element without. */
const bare = (name: number, value: Bytes, length = value.length) => [...tag(name), ...u32(length), ...value];

const image = (element: typeof short, pixels: Bytes): Bytes => [
  ...element(0x00280002, 'US', u16(1)),
  ...element(0x00280010, 'US', u16(1)),
  ...element(0x00280011, 'US', u16(2)),
  ...element(0x00280100, 'US', u16(16)),
  ...pixels,
];
const explicit = image(short, long(0x7fe00010, 'OW', u16(7, 9)));
const implicit = image((name, _, value) => bare(name, value), bare(0x7fe00010, u16(7, 9)));
const modality = short(0x00080060, 'CS', ascii('CT'));
const meta = (syntax: string) => short(0x00020010, 'UI', even(syntax));
const preamble = [...new Array<number>(128).fill(0), ...ascii('DICM')];

async function read(bytes: Bytes): Promise<number[]> {
  return [...(await decodeDicom([{ name: 'x', bytes: Uint8Array.from(bytes) }])).data];
}

describe('files without, or with a wrong, transfer syntax', () => {
  const bareModality = bare(0x00080060, ascii('CT'));
  it.each<[string, Bytes]>([
    [
      'no syntax, with kinds',
      [...preamble, ...short(0x00020002, 'UI', even('1.2')), ...modality, ...explicit],
    ],
    [
      'no syntax, without kinds',
      [...preamble, ...short(0x00020002, 'UI', even('1.2')), ...bareModality, ...implicit],
    ],
    ['no meta group, with kinds', [...preamble, ...modality, ...explicit]],
    ['no meta group, without kinds', [...preamble, ...bareModality, ...implicit]],
    ['no preamble', [...meta('1.2.840.10008.1.2.1'), ...modality, ...explicit]],
    ['neither, with kinds', [...modality, ...explicit]],
    ['neither, without kinds', [...bareModality, ...implicit]],
    [
      'kinds where the syntax has none',
      [...preamble, ...meta('1.2.840.10008.1.2'), ...modality, ...explicit],
    ],
    [
      'no kinds where the syntax has them',
      [...preamble, ...meta('1.2.840.10008.1.2.1'), ...bareModality, ...implicit],
    ],
    ['an unknown syntax', [...preamble, ...meta('1.2.3.4.5'), ...modality, ...explicit]],
  ])('are read by their first element: %s', async (_, bytes) => {
    expect(looksLikeDicom(Uint8Array.from(bytes))).toBe(true);
    expect(await read(bytes)).toEqual([7, 9]);
  });
});

describe('elements that are stepped over', () => {
  const item = (content: Bytes, length = content.length) => bare(0xfffee000, content, length);
  const itemEnd = bare(0xfffee00d, []);
  const sequenceEnd = bare(0xfffee0dd, []);
  const inner = short(0x00091010, 'LO', ascii('ab'));
  const nested = (depth: number): Bytes =>
    depth === 0
      ? inner
      : long(0x00091080, 'SQ', [...item([...nested(depth - 1), ...itemEnd], open), ...sequenceEnd], open);

  it.each<[string, Bytes]>([
    [
      'kinds of 64-bit integers',
      ['OV', 'SV', 'UV'].flatMap((kind) => long(0x00091001, kind, u16(1, 2, 3, 4))),
    ],
    [
      'other long kinds',
      ['UC', 'UR', 'UT', 'OD', 'OL', 'UN'].flatMap((kind) => long(0x00091001, kind, ascii('abcd'))),
    ],
    [
      'an open sequence of items of known length, each with an end',
      long(0x00091080, 'SQ', [...item(inner), ...itemEnd, ...item(inner), ...itemEnd, ...sequenceEnd], open),
    ],
    [
      'an open sequence of open items',
      long(0x00091080, 'SQ', [...item([...inner, ...itemEnd], open), ...sequenceEnd], open),
    ],
    ['a sequence of known length of open items', long(0x00091080, 'SQ', item([...inner, ...itemEnd], open))],
    ['an empty open sequence', long(0x00091080, 'SQ', sequenceEnd, open)],
    [
      'an open value of an unknown kind, without kinds',
      long(
        0x00091080,
        'UN',
        [...item([...bare(0x00091010, ascii('ab')), ...itemEnd], open), ...sequenceEnd],
        open,
      ),
    ],
    [
      'an open value of an unknown kind, with kinds',
      long(0x00091080, 'UN', [...item([...inner, ...itemEnd], open), ...sequenceEnd], open),
    ],
    ['an element without a kind among others', bare(0x00091010, ascii('abcd'))],
    [
      'compressed pixels of an icon',
      long(
        0x00880200,
        'SQ',
        [
          ...item(
            [...long(0x7fe00010, 'OB', [...item([]), ...item([1, 2])], open), ...sequenceEnd, ...itemEnd],
            open,
          ),
          ...sequenceEnd,
        ],
        open,
      ),
    ],
    ['sequences 20 deep', nested(20)],
  ])('%s', async (_, elements) => {
    expect(
      await read([...preamble, ...meta('1.2.840.10008.1.2.1'), ...modality, ...elements, ...explicit]),
    ).toEqual([7, 9]);
  });

  it.each<[string, Bytes, RegExp]>([
    [
      'longer than the file',
      long(0x00091080, 'OB', [1, 2], 4_000_000_000),
      /element \(0009,1080\) is longer than what it lies in/,
    ],
    [
      'without an end',
      long(0x00091080, 'SQ', item(inner), open),
      /stands where an item should begin|ends within a sequence/,
    ],
    [
      'items longer than their sequence',
      long(0x00620002, 'SQ', item(inner, 400)),
      /an item is longer than its sequence/,
    ],
    ['sequences 30 deep', nested(30), /sequences 25 deep/],
  ])('are refused %s', async (_, elements, message) => {
    await expect(read([...preamble, ...modality, ...elements, ...explicit])).rejects.toThrow(message);
  });

  it('a million of them take no time and no memory', async () => {
    const empty = short(0x00091010, 'LO', []);
    const many = new Uint8Array(preamble.length + 8 * 1_000_000 + explicit.length);
    many.set(preamble);
    for (let i = 0; i < 1_000_000; i++) many.set(empty, preamble.length + 8 * i);
    many.set(Uint8Array.from(explicit), many.length - explicit.length);
    const start = cpuTime();
    expect([...(await decodeDicom([{ name: 'x', bytes: many }])).data]).toEqual([7, 9]);
    expect(cpuTime() - start).toBeLessThan(4000);
    const nothing = item([]);
    const items = new Uint8Array(preamble.length + 12 + 8 * 1_000_000);
    items.set([...preamble, ...long(0x52009230, 'SQ', [], 8_000_000)]);
    for (let i = 0; i < 1_000_000; i++) items.set(nothing, preamble.length + 12 + 8 * i);
    await expect(decodeDicom([{ name: 'x', bytes: items }])).rejects.toThrow(/more than 524288 items/);
  });
});

const cases = sharedFolder('cases');
describe.skipIf(cases === undefined)('files that others could not read', () => {
  it.each([
    'dicom-sq181/sq181.dcm',
    'dicom-no-syntax/TSsays_implicit_is_explicit.dcm',
    'dicom-no-syntax/noTS_explicit.dcm',
    'dicom-no-syntax/noTS_implicit.dcm',
    'dicom-no-syntax/nometa_explicit.dcm',
    'dicom-no-syntax/nometa_implicit.dcm',
    'dicom-no-syntax/nopreamble_meta.dcm',
  ])('%s', async (name) => {
    const bytes = new Uint8Array(readFileSync(`${cases}/${name}`));
    const { data } = await decodeDicom([{ name, bytes }]);
    expect([...data]).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });
});

it('refuses what only begins like a DICOM file', async () => {
  await expect(read([...preamble])).rejects.toThrow(FileError);
  await expect(read([...modality, ...modality])).rejects.toThrow(/without pixels of the modality CT/);
});
