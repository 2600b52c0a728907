import { FileError, Rng, SshnError } from '@sshn/core';
import { below, mutateBytes } from '@sshn-internal/testing';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { reference } from '../testing/reference-files.js';
import { torchFiles } from '../testing/torch-files.js';
import { readForeignWeights } from './foreign-weights.js';

/** How many mutated files are opened; more with SSHN_MUTATIONS=100000. */
const count = Number(process.env.SSHN_MUTATIONS ?? 20_000);
const seed = Number(process.env.SSHN_TEST_SEED ?? 1);

const valuesIn = (bytes: Uint8Array) =>
  Object.fromEntries(
    [...readForeignWeights(bytes)].map(([name, { dtype, shape, values }]) => [
      name,
      [dtype, shape, values() === undefined ? undefined : [...values()!]],
    ]),
  );

const eighths = Array.from({ length: 24 }, (_, i) => i / 8);
const turned = [0, 1, 2, 3].flatMap((w) => [0, 1, 2, 3, 4, 5].map((i) => (4 * i + w) / 8));

describe('files of torch.save', () => {
  test.each(['tensors', 'protocol4'] as const)(
    '%s: number formats, views of one storage, scalars',
    (name) => {
      expect(valuesIn(torchFiles[name])).toEqual({
        kernel: ['F32', [2, 3, 4], eighths],
        turned: ['F32', [4, 2, 3], turned],
        part: ['F32', [2], [1, 3]],
        whole: ['F32', [6], [0, 1, 2, 3, 4, 5]],
        half: ['F16', [3], [0.5, -65504, 2 ** -24]],
        brain: ['BF16', [2], [1, -2.5]],
        double: ['F64', [1, 1], [Math.fround(0.1)]],
        count: ['I64', [], undefined],
        scalar: ['F32', [], [3.25]],
        none: ['F32', [0, 3], []],
      });
    },
  );

  test('a checkpoint: tensors of dictionaries within, parameters as tensors', () => {
    expect(valuesIn(torchFiles.nested)).toEqual({ 'state_dict.a.weight': ['F32', [2], [1, 1]] });
  });

  test('those before PyTorch 1.6 are named', () => {
    expect(() => readForeignWeights(torchFiles.legacy, 'old.pt')).toThrow(
      'old.pt: is a pickle, such as torch.save wrote before PyTorch 1.6',
    );
  });
});

test('safetensors of other programs', () => {
  expect(valuesIn(reference.manyDtypes)).toMatchObject({
    'z.scale': ['F16', [], [7.5]],
    'decoder.bias': ['F32', [2], [0.5, -1.25]],
    'z.counts': ['I32', [2, 2], undefined],
  });
});

const text = (line: string) => new TextEncoder().encode(line);
const joined = (...parts: ReadonlyArray<string | readonly number[]>) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...text(part)] : [...part])));
const archive = (pickle: Uint8Array, more: Readonly<Record<string, Uint8Array>> = {}, level: 0 | 6 = 0) =>
  zipSync({ 'm/data.pkl': pickle, ...more }, { level });

const [dictionary, mark, stop] = ['}', '(', '.'];
const global = (name: string) => `c${name.replace(' ', '\n')}\n`;
const word = (one: string) => joined('X', [one.length, 0, 0, 0], one);
const words = (...all: readonly string[]) => all.flatMap((one) => [...word(one)]);
/** A tensor of one storage with so many numbers, which are in data/0. */
const tensorOf = (storage: number, offset: number, shape: readonly number[], strides: readonly number[]) =>
  joined(
    global('torch._utils _rebuild_tensor_v2'),
    mark,
    mark,
    words('storage'),
    global('torch FloatStorage'),
    words('0', 'cpu'),
    ['J'.charCodeAt(0), storage & 255, (storage >> 8) & 255, (storage >> 16) & 255, storage >> 24],
    'tQ',
    ['K'.charCodeAt(0), offset],
    mark,
    shape.flatMap((n) => ['J'.charCodeAt(0), n & 255, (n >> 8) & 255, (n >> 16) & 255, n >> 24]),
    't',
    mark,
    strides.flatMap((n) => ['K'.charCodeAt(0), n]),
    't',
    [0x89],
    dictionary,
    'tR',
  );
const stateOf = (tensor: Uint8Array) => joined(dictionary, words('w'), [...tensor], 's', stop);

describe('nothing is executed, and what no tensor needs is refused by name', () => {
  test.each<[string, Uint8Array, string]>([
    [
      'os.system',
      joined(global('os system'), words('echo'), [0x85], 'R', stop),
      '"os.system", which no tensor needs',
    ],
    ['builtins.eval', joined(global('builtins eval'), words('1'), [0x85], 'R', stop), '"builtins.eval"'],
    ['a global from the stack', joined(words('posix', 'system'), [0x93], stop), '"posix.system"'],
    [
      'a neighbor of what is allowed',
      joined(global('torch._utils _rebuild_tensor_v3'), stop),
      '_rebuild_tensor_v3',
    ],
    ['a prototype', joined(global('__proto__ constructor'), stop), '"__proto__.constructor"'],
    ['an object of a class', joined(dictionary, [0x81], stop), 'the instruction NEWOBJ at byte 1'],
    ['an instance', joined(mark, 'i', 'os\nsystem\n', stop), 'the instruction INST'],
    ['a registered extension', joined([0x82, 1], stop), 'the instruction EXT1'],
    ['an instruction that there is not', joined([0xff], stop), 'the instruction 0xff at byte 0'],
    ['a call of a text', joined(words('a'), ')', 'R', stop), 'calls what cannot be called'],
    [
      'a call of a storage',
      joined(global('torch FloatStorage'), ')', 'R', stop),
      'calls what cannot be called',
    ],
    [
      'a state of a text',
      joined(words('a', 'b'), 'b', stop),
      'sets the state of something that is no dictionary',
    ],
    ['a list as a key', joined(dictionary, ']', 'N', 's', stop), 'neither text nor a number'],
    ['an outside that is no storage', joined(words('module'), 'Q', stop), 'no storage of numbers'],
    ['nothing', joined(stop), 'takes what is not there'],
    ['an end before its stop', joined(dictionary), 'ends early'],
    ['a text longer than the file', joined('X', [255, 255, 255, 255]), 'ends early'],
    ['a reference to nothing', joined('h', [7], stop), 'refers to what it has not'],
    ['a pop beyond a mark', joined(dictionary, mark, 'NNs', stop), 'takes what is not there'],
    ['no tensor', joined(dictionary, stop), 'no dictionary with tensors'],
    ['a list at the top', joined(']', stop), 'no dictionary with tensors'],
    ['a protocol of the future', joined([0x80, 9], dictionary, stop), 'a protocol above 5'],
    ['a dictionary in itself', joined(dictionary, 'q', [0], words('a'), 'h', [0], 's', stop), '16 deep'],
    [
      'dictionaries that double at every level',
      joined(
        dictionary,
        'q',
        [0],
        ...Array.from({ length: 14 }, (_, level) => [
          ...joined(dictionary, mark),
          ...'abcdefgh'.split('').flatMap((key) => [...word(key), ...joined('h', [level])]),
          ...joined('u', 'q', [level + 1]),
        ]),
        stop,
      ),
      'more than 65536 values',
    ],
    ['a hundred thousand dictionaries', joined('}'.repeat(100_000), stop), 'more than 65536 objects'],
    ['three million instructions', joined('N'.repeat(3_000_000), stop), 'more than 2097152 instructions'],
  ])('%s', (_, pickle, message) => {
    const began = performance.now();
    expect(() => readForeignWeights(archive(pickle), 'a.pt')).toThrow(message);
    expect(() => readForeignWeights(archive(pickle), 'a.pt')).toThrow(FileError);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test.each<[string, Uint8Array, string]>([
    [
      'a storage that is not there',
      archive(stateOf(tensorOf(4, 0, [4], [1]))),
      '4 numbers of F32 in a file of 0 bytes',
    ],
    [
      'a storage of another length',
      archive(stateOf(tensorOf(5, 0, [4], [1])), { 'm/data/0': new Uint8Array(16) }),
      '5 numbers',
    ],
    [
      'a tensor beyond its storage',
      archive(stateOf(tensorOf(4, 1, [4], [1])), { 'm/data/0': new Uint8Array(16) }),
      'reaches beyond its 4 numbers',
    ],
    [
      'steps beyond it',
      archive(stateOf(tensorOf(4, 0, [2, 2], [3, 1])), { 'm/data/0': new Uint8Array(16) }),
      'reaches beyond',
    ],
    [
      'a number that becomes a billion',
      archive(stateOf(tensorOf(1, 0, [1e9], [0])), { 'm/data/0': new Uint8Array(4) }),
      'reaches beyond its 1 numbers',
    ],
    [
      'a compressed archive',
      archive(joined(dictionary, words('a'.repeat(5000)), stop), {}, 6),
      'its archive is compressed',
    ],
    ['an archive of something else', zipSync({ 'm/a.txt': text('a') }, { level: 0 }), 'without data.pkl'],
    [
      'another order of bytes',
      archive(stateOf(tensorOf(1, 0, [1], [1])), {
        'm/data/0': new Uint8Array(4),
        'm/byteorder': text('big'),
      }),
      'big-endian',
    ],
    ['half an archive', torchFiles.tensors.slice(0, 1500), 'its zip archive is damaged'],
  ])('%s', (_, bytes, message) => {
    expect(() => readForeignWeights(bytes, 'a.pt')).toThrow(message);
    expect(() => readForeignWeights(bytes, 'a.pt')).toThrow(FileError);
  });

  test('an archive of more bytes than it has, its entries upon each other', () => {
    const bytes = zipSync({ 'm/data.pkl': new Uint8Array(4000) }, { level: 0 });
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const end = bytes.length - 22;
    const at = view.getUint32(end + 16, true);
    const entry = bytes.slice(at, end);
    const many = new Uint8Array(at + 60_000 * entry.length + 22);
    many.set(bytes.subarray(0, at));
    for (let i = 0; i < 60_000; i++) many.set(entry, at + i * entry.length);
    many.set(bytes.subarray(end), many.length - 22);
    new DataView(many.buffer).setUint16(many.length - 22 + 8, 60_000, true);
    const before = process.memoryUsage.rss();
    // 60,000 copies of 4 kB are 240 MB; the file has 3.4.
    expect(() => readForeignWeights(many, 'a.pt')).toThrow('claims more bytes than it has');
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 2 ** 20);
  });
});

describe('mutated files', () => {
  test.each(['tensors', 'protocol4', 'nested'] as const)('%s: tensors, or an error of ours', (name) => {
    const good = torchFiles[name];
    const rss = process.memoryUsage.rss();
    const kinds = { opened: 0, refused: 0 };
    for (let i = 0; i < count / 8; i++) {
      const rng = Rng.fromSeed(seed).split(i);
      // Half of them where the pickle lies, at the beginning.
      const bytes =
        i % 2 === 0
          ? mutateBytes(good, rng)
          : good.with(below(rng, Math.min(900, good.length)), below(rng, 256));
      try {
        for (const { values, shape } of readForeignWeights(bytes, 'a.pt').values()) {
          const length = values()?.length;
          if (length !== undefined && length !== shape.reduce((product, edge) => product * edge, 1))
            throw new Error('a tensor of another length than its shape');
        }
        kinds.opened++;
      } catch (error) {
        if (!(error instanceof SshnError)) throw new Error(`mutation ${i} of seed ${seed}`, { cause: error });
        expect(error.message.length).toBeLessThan(5000);
        kinds.refused++;
      }
    }
    expect(kinds.refused).toBeGreaterThan(count / 80);
    expect(kinds.opened).toBeGreaterThan(0);
    expect(process.memoryUsage.rss() - rss).toBeLessThan(256 * 2 ** 20);
  });
});
