import { assert, json, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { repeatedKey } from './header.js';

describe('repeatedKey', () => {
  test.each([
    ['{}', undefined],
    ['{"a":1,"b":{"a":2}}', undefined],
    ['[{"a":1},{"a":1}]', undefined],
    ['{"a":["a","a"],"b":"a"}', undefined],
    ['{"a":"\\"b\\":","b":"}{"}', undefined],
    ['{"a":1 , "a" : 2}', 'a'],
    ['{"a":{"b":1,"c":[],"b":2}}', 'b'],
    ['{"\\u0061":1,"a":2}', 'a'],
    ['{"a\\\\":1,"a\\\\"\n:2}', 'a\\'],
    ['{"":1,"":2}', ''],
  ])('%s: %j', (text, key) => {
    JSON.parse(text);
    expect(repeatedKey(text)).toBe(key);
  });

  test('finds none in what JSON.stringify writes, and the one that is added', () => {
    assert(
      property(json(), (value) => {
        expect(repeatedKey(value)).toBeUndefined();
        expect(repeatedKey(`{"x":${value},"y":${value},"x":0}`)).toBe('x');
      }),
    );
  });
});
