import { FileError } from '@sshn/core';
import { array, assert, constantFrom, integer, json, nat, property, tuple, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fileOf, reference } from '../testing/reference-files.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

const entry = (dtype: string, shape: unknown, offsets: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });
const bytes = (count: number) => new Uint8Array(count);

describe('decodeSafetensors', () => {
  test('reads the reference implementation', () => {
    const { tensors, metadata } = decodeSafetensors(reference.manyDtypes);
    expect(metadata).toEqual({ author: 'grün' });
    const described = [...tensors].map(([name, { dtype, shape, data }]) => [name, dtype, shape, data.length]);
    expect(described).toEqual([
      ['z.long', 'I64', [2], 16],
      ['decoder.bias', 'F32', [2], 8],
      ['encoder.0.kernel', 'F32', [1, 2, 3], 24],
      ['z.empty', 'F32', [0, 3], 0],
      ['z.counts', 'I32', [2, 2], 16],
      ['z.scale', 'F16', [], 2],
      ['z.flag', 'BOOL', [3], 3],
    ]);
    expect(Array.from(new Int32Array(tensors.get('z.counts')!.data.slice().buffer))).toEqual([1, -2, 3, 4]);
    expect(Array.from(tensors.get('z.flag')!.data)).toEqual([1, 0, 1]);
  });

  test('gives back every byte', () => {
    for (const file of Object.values(reference)) {
      const decoded = decodeSafetensors(file);
      expect(decodeSafetensors(encodeSafetensors(decoded))).toEqual(decoded);
    }
    expect(encodeSafetensors(decodeSafetensors(reference.float32))).toEqual(reference.float32);
  });

  test('tensors are views, also where the file is a part of a larger buffer', () => {
    const larger = new Uint8Array(reference.float32.length + 3);
    larger.set(reference.float32, 3);
    const { tensors } = decodeSafetensors(larger.subarray(3));
    expect(tensors.get('decoder.bias')!.data.buffer).toBe(larger.buffer);
    expect(tensors).toEqual(decodeSafetensors(reference.float32).tensors);
  });

  test('takes unpadded headers, trailing spaces, and the name __proto__', () => {
    const file = fileOf(`{"__proto__":${entry('U8', [1], [0, 1])}}   `, bytes(1));
    expect([...decodeSafetensors(file).tensors.keys()]).toEqual(['__proto__']);
    expect(decodeSafetensors(fileOf('{}')).tensors.size).toBe(0);
  });

  const faults: Array<[string, Uint8Array, string]> = [
    ['no bytes at all', bytes(0), 'it has 0 bytes, fewer than the 8'],
    ['7 bytes', bytes(7), 'it has 7 bytes'],
    ['a header longer than the file', fileOf('{}', bytes(0), 3n), 'claims 3 bytes, but only 2 follow'],
    [
      'a header beyond all measure',
      fileOf('{}', bytes(0), 2n ** 64n - 1n),
      'claims 18446744073709551615 bytes',
    ],
    ['a header of 16 MiB and a byte', fileOf('{}', bytes(0), 16_777_217n), 'more than the 16777216 allowed'],
    ['an empty header', fileOf(''), "does not begin with '{'"],
    ['a header that begins with a space', fileOf(' {}'), "does not begin with '{'"],
    ['a list as the header', fileOf('[]'), "does not begin with '{'"],
    ['broken JSON', fileOf('{"w":'), 'its header is not JSON'],
    ['JSON and more', fileOf('{}{}'), 'its header is not JSON'],
    [
      'broken UTF-8',
      fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x30, 0x7d)),
      'its header is not JSON',
    ],
    [
      'one name twice',
      fileOf(`{"w":${entry('U8', [0], [0, 0])},"\\u0077":${entry('U8', [0], [0, 0])}}`),
      'the name "w" twice',
    ],
    ['one key of metadata twice', fileOf('{"__metadata__":{"a":"1","a":"2"}}'), 'the name "a" twice'],
    ['metadata that is no object', fileOf('{"__metadata__":["a"]}'), '__metadata__ is not an object'],
    ['metadata null', fileOf('{"__metadata__":null}'), '__metadata__ is not an object'],
    ['metadata that is no text', fileOf('{"__metadata__":{"a":1}}'), '__metadata__: "a" is not text'],
    ['an empty name', fileOf(`{"":${entry('U8', [0], [0, 0])}}`), 'an empty name'],
    ['a name with a line break', fileOf(`{"a\\nb":${entry('U8', [0], [0, 0])}}`), 'control characters'],
    ['a tensor that is no object', fileOf('{"w":7}'), "tensor 'w' is not described by exactly"],
    ['a tensor without offsets', fileOf('{"w":{"dtype":"U8","shape":[0]}}'), 'not described by exactly'],
    [
      'a tensor with an unknown key',
      fileOf('{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}'),
      'not described by exactly',
    ],
    ['an unknown dtype', fileOf(`{"w":${entry('F12', [0], [0, 0])}}`), "the unknown dtype 'F12'"],
    [
      'a dtype of many lists',
      fileOf(`{"w":${entry([[['F32']]] as unknown as string, [0], [0, 0])}}`),
      'a dtype that is no text',
    ],
    ['a hundred axes', fileOf(`{"w":${entry('U8', Array(100).fill(1), [0, 1])}}`, bytes(1)), 'has 100 axes'],
    ['a dtype of every object', fileOf(`{"w":${entry('constructor', [0], [0, 0])}}`), 'the unknown dtype'],
    ['a negative edge', fileOf(`{"w":${entry('U8', [-1], [0, 0])}}`), 'has a shape'],
    ['a fractional edge', fileOf(`{"w":${entry('U8', [0.5], [0, 0])}}`), 'has a shape'],
    ['an edge beyond integers', fileOf(`{"w":${entry('U8', [2 ** 53], [0, 0])}}`), 'has a shape'],
    ['a shape of text', fileOf(`{"w":${entry('U8', '2', [0, 0])}}`), 'has a shape'],
    [
      'a product beyond integers',
      fileOf(`{"w":${entry('F64', [2 ** 30, 2 ** 30], [0, 0])}}`),
      'needs more than there can be',
    ],
    ['one offset', fileOf(`{"w":${entry('U8', [0], [0])}}`), 'data_offsets that are not two'],
    ['negative offsets', fileOf(`{"w":${entry('U8', [1], [-1, 0])}}`), 'data_offsets that are not two'],
    ['an end before the begin', fileOf(`{"w":${entry('U8', [0], [2, 1])}}`, bytes(2)), 'before it begins'],
    ['an end behind the file', fileOf(`{"w":${entry('U8', [3], [0, 3])}}`, bytes(2)), 'ends at byte 3 of 2'],
    [
      'offsets that do not fit the shape',
      fileOf(`{"w":${entry('F32', [2], [0, 4])}}`, bytes(4)),
      "tensor 'w' has 4 bytes, but F32 of shape [2] needs 8",
    ],
    [
      'overlapping tensors',
      fileOf(`{"a":${entry('U8', [3], [0, 3])},"b":${entry('U8', [2], [2, 4])}}`, bytes(4)),
      "tensor 'b' overlaps the one before it, at byte 2",
    ],
    [
      'two tensors in one place',
      fileOf(`{"a":${entry('U8', [2], [0, 2])},"b":${entry('U8', [2], [0, 2])}}`, bytes(2)),
      'overlaps',
    ],
    [
      'a hole',
      fileOf(`{"a":${entry('U8', [1], [0, 1])},"b":${entry('U8', [1], [2, 3])}}`, bytes(3)),
      "1 bytes before tensor 'b' belong to none",
    ],
    ['bytes behind the last tensor', fileOf('{}', bytes(5)), 'the last 5 bytes belong to no tensor'],
    [
      'a truncated file',
      reference.float32.subarray(0, -1),
      "tensor 'encoder.0.kernel' ends at byte 32 of 31",
    ],
  ];
  test.each(faults)('refuses %s', (_, file, message) => {
    const decode = () => decodeSafetensors(file, 'unet.safetensors');
    expect(decode).toThrow(FileError);
    expect(decode).toThrow(/^unet\.safetensors: not a valid safetensors file: /);
    expect(decode).toThrow(message);
  });

  test.each([
    ['<!DOCTYPE html><html><body>Not found</body></html>', 'an HTML page'],
    ['\ufeff\n <HTML lang="en">', 'an HTML page'],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:4d7a', "Run 'git lfs pull'"],
    ['PK\u0003\u0004\u0000\u0000archive/data.pkl', 'a ZIP archive'],
  ])('says what %j is instead', (text, message) => {
    const bytes = new TextEncoder().encode(text);
    expect(() => decodeSafetensors(bytes, 'page')).toThrow(message);
  });

  test('says that a file is compressed', () => {
    expect(() => decodeSafetensors(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0))).toThrow('gzip');
  });
});

describe('hostile bytes', () => {
  /** A file or a `FileError`: nothing else may come of any bytes. */
  function decodesOrRefuses(file: Uint8Array): void {
    try {
      const { tensors } = decodeSafetensors(file);
      let total = 0;
      for (const { data } of tensors.values()) total += data.length;
      expect(total).toBeLessThanOrEqual(file.length);
    } catch (error) {
      expect(error).toBeInstanceOf(FileError);
    }
  }
  const manyRuns = { numRuns: 2000 };

  test('any bytes', () => {
    assert(property(uint8Array({ maxLength: 200 }), decodesOrRefuses), manyRuns);
  });

  test('a good file with some bytes changed', () => {
    const file = constantFrom(reference.float32, reference.manyDtypes);
    const change = tuple(nat(600), integer({ min: 0, max: 255 }));
    assert(
      property(file, array(change, { minLength: 1, maxLength: 4 }), (good, changes) => {
        const bad = good.slice();
        for (const [at, byte] of changes) bad[at % bad.length] = byte;
        decodesOrRefuses(bad);
      }),
      manyRuns,
    );
  });

  test('a good file cut, doubled, or with a piece taken out', () => {
    assert(
      property(nat(600), nat(600), (a, b) => {
        const good = reference.manyDtypes;
        decodesOrRefuses(good.subarray(0, a % good.length));
        decodesOrRefuses(Uint8Array.of(...good, ...good.subarray(a % good.length)));
        decodesOrRefuses(
          Uint8Array.of(...good.subarray(0, a % good.length), ...good.subarray(b % good.length)),
        );
      }),
    );
  });

  test('a good file with a digit, a bracket or a word of its header changed', () => {
    const good = new TextDecoder('latin1').decode(reference.manyDtypes.subarray(8, 8 + 488));
    const data = reference.manyDtypes.subarray(8 + 488);
    const words = constantFrom(
      '-1',
      '1e999',
      '0',
      'null',
      '[',
      ']',
      '{',
      '}',
      ',',
      '"',
      ':',
      '9007199254740993',
      '\\',
    );
    assert(
      property(nat(487), nat(4), words, (at, removed, word) => {
        const header = good.slice(0, at) + word + good.slice(at + removed);
        decodesOrRefuses(
          fileOf(
            Uint8Array.from(header, (c) => c.charCodeAt(0)),
            data,
          ),
        );
      }),
      manyRuns,
    );
  });

  test('any JSON as the header', () => {
    assert(
      property(json(), uint8Array({ maxLength: 16 }), (header, data) =>
        decodesOrRefuses(fileOf(header, data)),
      ),
      manyRuns,
    );
  });

  test('deep nesting ends in time and without overflow', () => {
    decodesOrRefuses(fileOf(`{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`));
    decodesOrRefuses(fileOf(`${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`));
  });
});
