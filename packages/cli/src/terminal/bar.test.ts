import { expect, it } from 'vitest';
import { bar } from './bar.js';

it.each([
  [0, '░░░░'],
  [0.5, '██░░'],
  [0.53125, '██▏░'],
  [1, '████'],
  [-1, '░░░░'],
  [2, '████'],
])('a bar filled to %f', (share, text) => {
  expect(bar(share, 4)).toBe(text);
});
