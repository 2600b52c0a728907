import { describe, expect, it } from 'vitest';
import {
  bytesText,
  commandText,
  costText,
  countText,
  diceText,
  factorText,
  formatDuration,
  jsonLine,
  printable,
  shellQuoted,
  textTable,
} from './text.js';

describe('formatDuration', () => {
  it.each([
    [0.44, '0.4 s'],
    [9.96, '10 s'],
    [59.6, '1 min 0 s'],
    [190, '3 min 10 s'],
    [3599, '59 min 59 s'],
    [7530, '2 h 6 min'],
    [Number.POSITIVE_INFINITY, 'unknown'],
    [Number.NaN, 'unknown'],
  ])('%f seconds are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('numbers', () => {
  it('writes Dice with four decimals and undefined as a dash', () => {
    expect([0.91234, 1, Number.NaN, undefined].map(diceText)).toEqual(['0.9123', '1.0000', '–', '–']);
  });

  it('writes costs with three digits', () => {
    expect([0.001234, 1.2345, 12.345, 123.45, 1234.5].map(costText)).toEqual([
      '0.00123',
      '1.23',
      '12.3',
      '123',
      '1235',
    ]);
  });

  it('writes factors with two decimals, or as many as they have', () => {
    expect([0, 0.1, 0.25, 1, 0.125].map(factorText)).toEqual(['0.00', '0.10', '0.25', '1.00', '0.125']);
  });

  it('writes amounts of memory and counts', () => {
    expect([999, 12_345_678, 3.2e9].map(bytesText)).toEqual(['1.0 kB', '12.3 MB', '3.20 GB']);
    expect(countText(1234567)).toBe('1,234,567');
  });
});

describe('textTable', () => {
  it('aligns the first column to the left and the others to the right', () => {
    expect(
      textTable(
        ['name', 'n'],
        [
          ['a', '10'],
          ['bcdefg', '5'],
        ],
      ),
    ).toBe(['name     n', '──────  ──', 'a       10', 'bcdefg   5'].join('\n'));
  });
});

describe('shellQuoted', () => {
  it.each([
    ['runs/a-1', 'runs/a-1'],
    ['my runs/a', "'my runs/a'"],
    ["it's", "'it'\\''s'"],
    ['', "''"],
    ['a\x1b[31m b\n', "$'a\\x1b\\x5b31m b\\x0a'"],
    ['größe', "'größe'"],
  ])('%s', (path, text) => {
    expect(shellQuoted(path)).toBe(text);
  });
});

describe('printable', () => {
  it('shows what a terminal would obey, and leaves all else', () => {
    expect(printable('a\x1b[2J\r\n\x9bb\u202e')).toBe('a\\x1b[2J\\x0d\\x0a\\x9bb\\u202e');
    expect(printable('größe φ 細胞 😀')).toBe('größe φ 細胞 😀');
    expect(printable('one\ntwo', '\n')).toBe('one\ntwo');
  });

  it('is what tables are made of', () => {
    expect(textTable(['\x1b]0;x'], [['\x07']])).toBe('\\x1b]0;x\n────────\n\\x07');
  });
});

describe('jsonLine', () => {
  it('is one line of JSON that is the value again, NaN as null', () => {
    const line = jsonLine({ name: 'a\x1b\x9b\n', dice: Number.NaN });
    expect(line).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(line)).toEqual({ name: 'a\x1b\x9b\n', dice: null });
  });
});

describe('commandText', () => {
  it('has flags in kebab case, and leaves out what is not given', () => {
    const flags = { out: undefined, batchSize: 4, fresh: true, json: false, compare: ['a', 'b c'] };
    expect(commandText(['train', 'my cells'], flags)).toBe(
      "sshn train 'my cells' --batch-size 4 --fresh --compare a 'b c'",
    );
  });

  it('does not let a folder be read as a flag', () => {
    expect(commandText(['pareto', '--help'])).toBe('sshn pareto ./--help');
  });
});
