import { FileError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { readSplit, type SplitFileOptions } from './split-file.js';

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const read = (value: unknown, options: Partial<SplitFileOptions> = {}) =>
  readSplit(JSON.stringify(value), 'split.json', { dataset: { ids }, seed: 1, ...options });

describe('lists of ids', () => {
  it("are parts in the dataset's order; what is in none is left out with a note", () => {
    const { split, notes } = read({ train: ['d', 'a'], validation: ['b'], test: ['c'] });
    expect(split).toEqual({ train: ['a', 'd'], validation: ['b'], test: ['c'] });
    expect(notes).toEqual(['split.json names 2 of 6 images not: "e", "f".']);
    expect(read({ train: ids.slice(1), val: ['a'] })).toEqual({
      split: { train: ids.slice(1), validation: ['a'], test: [] },
      notes: [],
    });
  });

  it('without validation draw a fifth of the training images, by the seed', () => {
    const ids = Array.from({ length: 20 }, (_, i) => `scan ${i}`);
    const of = (seed: number) =>
      read({ train: ids.slice(5), test: ids.slice(0, 5) }, { dataset: { ids }, seed });
    const { train, validation, test } = of(1).split;
    expect([train.length, validation.length, test]).toEqual([12, 3, ids.slice(0, 5)]);
    expect([...train, ...validation].sort()).toEqual(ids.slice(5).sort());
    expect(of(1)).toEqual(of(1));
    expect(of(2).split.validation).not.toEqual(validation);
  });

  it.each([
    ['Läsion'.normalize('NFD'), 'Läsion'.normalize('NFC')],
    ['Läsion'.normalize('NFC'), 'Läsion'.normalize('NFD')],
    ['case.nii.gz', 'case'],
    ['case_0000.nii.gz', 'case'],
    ['case', 'case_0000'],
    ['./imagesTr/case.NII', 'case'],
    ['imagesTr\\case_0000.png', 'case'],
    ['case', 'deep/er/case'],
    ['__proto__', '__proto__'],
    ['case_0001', 'case_0001'],
    ['v1.2', 'v1.2'],
  ])('name %s as the image %s', (name, id) => {
    const { split } = read({ train: ['x'], validation: [name] }, { dataset: { ids: ['x', id] } });
    expect(split).toEqual({ train: ['x'], validation: [id], test: [] });
  });

  it('name subjects of several images; a divided one is reported', () => {
    const slices = ['p/0', 'p/1', 'q/0', 'q/1', 'q/2'];
    const dataset = { ids: slices, subjectOf: (id: string) => id.split('/')[0]! };
    expect(read({ train: ['p.nii.gz'], validation: ['imagesTr/q_0000.nii.gz'] }, { dataset }).split).toEqual({
      train: ['p/0', 'p/1'],
      validation: ['q/0', 'q/1', 'q/2'],
      test: [],
    });
    expect(read({ train: ['p', 'q/0', 'q/1'], validation: ['q/2'] }, { dataset }).notes).toEqual([
      'Subject "q" is in train and validation: results on it are better than on new subjects.',
    ]);
    expect(() => read({ train: ['p', 'q/0'], validation: ['q'] }, { dataset })).toThrow('lists "q" twice');
    expect(() => read({ train: ['p/0'], validation: ['1'] }, { dataset })).toThrow(
      'names "1", which may be any of "p/1", "q/1"',
    );
  });

  it('take the exact name before one without its ending', () => {
    const dataset = { ids: ['case', 'case_0000', 'x'] };
    expect(read({ train: ['case', 'x'], validation: ['case_0000'] }, { dataset }).split.validation).toEqual([
      'case_0000',
    ]);
    expect(() => read({ train: ['x'], validation: ['case.png'] }, { dataset })).toThrow(
      'may be any of "case", "case_0000"',
    );
  });
});

describe("nnU-Net's splits_final.json", () => {
  const folds = [
    { train: ['a', 'b', 'c', 'd'], val: ['e', 'f'] },
    { train: ['c', 'd', 'e', 'f'], val: ['a', 'b'] },
  ];
  it('gives the fold asked for, and a lone one', () => {
    expect(read(folds, { fold: 2 }).split).toEqual({
      train: ['c', 'd', 'e', 'f'],
      validation: ['a', 'b'],
      test: [],
    });
    expect(read(folds.slice(0, 1)).split.validation).toEqual(['e', 'f']);
  });

  it.each([
    [folds, undefined, 'holds 2 folds. Choose one with --fold, from 1 to 2; nnU-Net counts them from 0.'],
    [folds, 3, 'holds 2 folds, and fold 3 is asked for'],
    [[], 1, 'does not list which images'],
    [{ train: ['a'], validation: ['b'] }, 1, 'has no folds, and fold 1 is asked for. Leave out --fold'],
  ])('%j with fold %s is refused', (value, fold, message) => {
    expect(() => read(value, { fold })).toThrow(FileError);
    expect(() => read(value, { fold })).toThrow(message);
  });
});

describe("the Decathlon's dataset.json", () => {
  const entry = (name: string) => ({
    image: `./imagesTr/${name}.nii.gz`,
    label: `./labelsTr/${name}.nii.gz`,
  });
  it('names files; test images without labels are left out with a note', () => {
    const file = {
      name: 'Hippocampus',
      modality: { 0: 'MRI' },
      numTraining: 5,
      training: ids.slice(0, 5).map(entry),
      test: ['./imagesTs/hidden_001.nii.gz', './imagesTs/f.nii.gz'],
    };
    const { split, notes } = read(file);
    expect([split.train.length, split.validation.length, split.test]).toEqual([4, 1, ['f']]);
    expect(notes).toEqual(['Test images without labels are left out: "./imagesTs/hidden_001.nii.gz".']);
  });

  it('may name validation and labeled test images, and several channels', () => {
    const file = {
      training: [{ image: ['imagesTr/a_0000.nii.gz', 'imagesTr/a_0001.nii.gz'] }, entry('b')],
      validation: [entry('c')],
      test: [entry('d')],
    };
    expect(read(file).split).toEqual({ train: ['a', 'b'], validation: ['c'], test: ['d'] });
    expect(() => read({ ...file, test: [entry('hidden')] })).toThrow(
      'names "./imagesTr/hidden.nii.gz" in test, and there is no such image with labels',
    );
  });
});

it.each([
  ['not JSON', 'train: [a]', 'is not JSON'],
  ['empty', '', 'is not JSON'],
  ['null', 'null', 'does not list which images'],
  ['a word', '"a"', 'does not list which images'],
  ['an unknown key', '{"train":["a"],"tset":["b"]}', 'does not list which images'],
  ['no training', '{"test":["b"]}', '(train: '],
  ['numbers', '{"train":[1],"validation":["b"]}', '(train.0: '],
  ['an empty name', '{"train":[""],"validation":["b"]}', '(train.0: '],
  ['nnU-Net’s dataset.json', '{"numTraining":6,"labels":{"background":0},"file_ending":".png"}', '(train: '],
  ['no image', '{"training":[{"label":"a"}]}', '(training.0.image: '],
  ['two validations', '{"train":["a"],"val":["b"],"validation":["c"]}', 'has both validation and val'],
  ['a name twice', '{"train":["a","a"],"validation":["b"]}', 'lists "a" twice, in train.'],
  [
    'a name in two forms',
    '{"train":["a"],"validation":["a.png"]}',
    'lists "a.png" twice, in train and validation',
  ],
  [
    'unknown names',
    `{"train":["a","x","y"],"validation":["b"]}`,
    'names "x", "y" in train, and there are no such images with labels. Images are called "a", "b", "c", "d", "e" and 1 more here',
  ],
  ['long names', JSON.stringify({ train: ['x'.repeat(1e6)] }), `names "${'x'.repeat(80)}…" in train`],
  ['deep nesting', '['.repeat(1e6), 'is not JSON'],
])('a file of %s is refused with a short message', (_, text, message) => {
  const run = () => readSplit(text, 'split.json', { dataset: { ids }, seed: 1 });
  expect(run).toThrow(FileError);
  expect(run).toThrow(message);
  try {
    run();
  } catch (error) {
    expect((error as Error).message.length).toBeLessThan(1000);
  }
});

it('a byte order mark is skipped', () => {
  const text = '\uFEFF{"train":["a"],"validation":["b"]}';
  expect(readSplit(text, 'x', { dataset: { ids }, seed: 1 }).split.train).toEqual(['a']);
});
