import { describe, expect, test } from 'vitest';
import {
  CapabilityError,
  FileError,
  nearestWord,
  OptionError,
  ShapeError,
  SshnError,
  StructureError,
  ValueError,
} from './errors.js';

describe('ShapeError', () => {
  const error = new ShapeError({ where: 'conv2d', got: [1, 5, 4], expected: '[batch, height, width, 1]' });

  test('says what came and what was expected', () => {
    expect(error.message).toBe('conv2d: got shape [1, 5, 4], expected [batch, height, width, 1].');
    expect(error).toMatchObject({
      name: 'ShapeError',
      got: [1, 5, 4],
      expected: '[batch, height, width, 1]',
    });
  });

  test('ends with the hint', () => {
    const hint = 'Transpose first.';
    const { message } = new ShapeError({ where: 'conv2d', got: [], expected: '[batch]', hint });
    expect(message).toBe('conv2d: got shape [], expected [batch]. Transpose first.');
  });
});

describe('ValueError', () => {
  const text = (got: unknown) => new ValueError({ where: 'x', got, expected: 'y' }).message;

  test('shows any value', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(text(Number.NaN)).toBe('x: got NaN, expected y.');
    expect(text(undefined)).toBe('x: got undefined, expected y.');
    expect(text(null)).toBe('x: got null, expected y.');
    expect(text('word')).toBe('x: got "word", expected y.');
    expect(text(12n)).toBe('x: got 12, expected y.');
    expect(text([1, Number.NaN, [undefined, 'a']])).toBe('x: got [1,NaN,[undefined,"a"]], expected y.');
    expect(text({ a: 1 })).toBe('x: got {"a":1}, expected y.');
    expect(text(cycle)).toBe('x: got [object Object], expected y.');
  });

  test('carries what came, and the hint', () => {
    const error = new ValueError({ where: 'x', got: 3, expected: 'y', hint: 'Try 2.' });
    expect(error.message).toBe('x: got 3, expected y. Try 2.');
    expect(error).toMatchObject({ name: 'ValueError', got: 3, expected: 'y' });
  });
});

describe('OptionError', () => {
  test('lists the words and the likely intention', () => {
    const error = new OptionError('loss', 'dise', ['dice', 'jaccard']);
    expect(error.message).toBe(
      "Option 'loss': got 'dise', expected one of 'dice', 'jaccard'. Did you mean 'dice'?",
    );
    expect(error).toMatchObject({ name: 'OptionError', got: 'dise', allowed: ['dice', 'jaccard'] });
  });

  test('guesses nothing where nothing is near', () => {
    expect(new OptionError('loss', 'hinge', ['dice', 'jaccard']).message).toBe(
      "Option 'loss': got 'hinge', expected one of 'dice', 'jaccard'.",
    );
  });
});

describe('nearestWord', () => {
  test.each([
    ['sgdd', 'sgd'],
    ['adam', 'adam'],
    ['adma', 'adam'],
    ['dam', 'adam'],
    ['adamww', 'adam'],
    ['adamw1', 'adam'],
    ['', undefined],
    ['x', undefined],
    ['momentum', undefined],
  ])('%s is meant to be %s', (got, expected) => {
    expect(nearestWord(got, ['sgd', 'adam'])).toBe(expected);
  });

  test('takes the nearest, not the first', () => {
    expect(nearestWord('adamv', ['adam', 'adamw', 'sgd'])).toBe('adam');
    expect(nearestWord('adamw', ['adam', 'adamw'])).toBe('adamw');
    expect(nearestWord('a', [])).toBeUndefined();
  });
});

describe('FileError', () => {
  const detail = { path: '/data/a.png', problem: 'the file ends in its header', remedy: 'Copy it again.' };

  test('names the file, the problem and the remedy', () => {
    const error = new FileError(detail);
    expect(error.message).toBe('/data/a.png: the file ends in its header. Copy it again.');
    expect(error).toMatchObject({ name: 'FileError', ...detail });
    expect(error.cause).toBeUndefined();
  });

  test('keeps the cause', () => {
    const cause = new Error('EIO');
    expect(new FileError({ ...detail, cause }).cause).toBe(cause);
  });
});

test('StructureError lists every difference', () => {
  const difference = {
    missing: ['encoder.0.bias'],
    unexpected: ['decoder.bias', 'decoder.kernel'],
    misshapen: [{ path: 'encoder.0.kernel', got: [1, 3, 1, 2], expected: [3, 3, 1, 2] }],
  };
  const error = new StructureError(difference);
  expect(error.message).toBe(
    'Parameters do not fit the module:\n' +
      '  missing     encoder.0.bias\n' +
      '  unexpected  decoder.bias\n' +
      '  unexpected  decoder.kernel\n' +
      '  shape       encoder.0.kernel: got [1, 3, 1, 2], expected [3, 3, 1, 2]',
  );
  expect(error).toMatchObject({ name: 'StructureError', difference });
});

test('CapabilityError names kernels by the feature that needs them', () => {
  const missing = new Map([
    ['training', ['Conv2DBackpropFilter', 'Conv2DBackpropInput']],
    ['gather', ['UnsortedSegmentSum']],
  ]);
  const error = new CapabilityError('wasm', missing, 'Call useFastWasm().');
  expect(error.message).toBe(
    "Backend 'wasm' lacks kernels:\n" +
      '  training: Conv2DBackpropFilter, Conv2DBackpropInput\n' +
      '  gather: UnsortedSegmentSum\n' +
      'Call useFastWasm().',
  );
  expect(error).toMatchObject({ name: 'CapabilityError', backend: 'wasm', missing });
});

test('all of them are SshnErrors, and errors', () => {
  const errors = [
    new ShapeError({ where: '', got: [], expected: '' }),
    new ValueError({ where: '', got: 0, expected: '' }),
    new OptionError('', '', []),
    new FileError({ path: '', problem: '', remedy: '' }),
    new StructureError({ missing: [], unexpected: [], misshapen: [] }),
    new CapabilityError('', new Map(), ''),
  ];
  for (const error of errors) {
    expect(error).toBeInstanceOf(SshnError);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toMatch(/^(Shape|Value|Option|File|Structure|Capability)Error: /);
  }
});
