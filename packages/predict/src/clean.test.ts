import { spawnSync } from 'node:child_process';
import type { Size3 } from '@sshn/data';
import { python, pythonHas } from '@sshn-internal/testing';
import { describe, expect, test } from 'vitest';
import { cleanLabels } from './clean.js';

const map = (...rows: string[]): [Uint8Array, Size3] => [
  Uint8Array.from(rows.join(''), Number),
  [rows.length, rows[0]!.length, 1],
];
const rowsOf = (labels: Uint8Array, width: number): string[] =>
  [...labels].join('').match(new RegExp(`.{${width}}`, 'g')) as string[];

describe('cleanLabels', () => {
  const [labels, size] = map('1100010', '1000000', '0022202', '0020200', '0022200');

  test('keeps the largest component of each label', () => {
    expect(rowsOf(cleanLabels(labels, size, { largestComponent: true }), 7)).toEqual([
      '1100000',
      '1000000',
      '0022200',
      '0020200',
      '0022200',
    ]);
  });

  test('removes components of fewer voxels; diagonal neighbors do not count', () => {
    const [diagonal, at] = map('1000', '0100', '0011');
    expect(rowsOf(cleanLabels(diagonal, at, { minimumVoxels: 2 }), 4)).toEqual(['0000', '0000', '0011']);
  });

  test('fills what one label encloses, not what touches the border or two labels', () => {
    expect(rowsOf(cleanLabels(labels, size, { fillHoles: true }), 7).slice(2)).toEqual([
      '0022202',
      '0022200',
      '0022200',
    ]);
    const [two, at] = map('11111', '10012', '11222');
    expect(cleanLabels(two, at, { fillHoles: true })).toEqual(two);
  });

  test('3D: a hole is a hole in all directions', () => {
    const cube = new Uint8Array(27).fill(3);
    cube[13] = 0;
    expect(cleanLabels(cube, [3, 3, 3], { fillHoles: true })[13]).toBe(3);
    cube[4] = 0;
    expect(cleanLabels(cube, [3, 3, 3], { fillHoles: true })[13]).toBe(0);
  });

  test('nothing to do is no copy, and an impossible size is refused', () => {
    expect(cleanLabels(labels, size, {})).toBe(labels);
    expect(() => cleanLabels(labels, size, { minimumVoxels: 0 })).toThrow('clean: minimumVoxels: got 0');
  });
});

const scipy = `
import json, sys
import numpy as np
from scipy import ndimage
case = json.load(sys.stdin)
x = np.array(case['labels'], dtype=np.uint8).reshape(case['size'])
y = np.zeros_like(x)
for label in range(1, 4):
    parts, count = ndimage.label(x == label)
    if count == 0: continue
    sizes = ndimage.sum(x == label, parts, range(1, count + 1))
    keep = np.zeros(count + 1, bool)
    keep[1:] = sizes >= case['minimum']
    y[keep[parts]] = label
print(json.dumps(y.ravel().tolist()))
`;
test.skipIf(!pythonHas('scipy')).each([
  [[12, 15, 1], 3],
  [[5, 6, 7], 2],
] as const)('small components go as with scipy: %j', (size, minimum) => {
  let state = 7;
  const labels = Uint8Array.from({ length: size[0] * size[1] * size[2] }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) % 4;
  });
  const input = JSON.stringify({ labels: [...labels], size, minimum });
  const { stdout } = spawnSync(python, ['-c', scipy], { input, encoding: 'utf8' });
  expect([...cleanLabels(labels, size, { minimumVoxels: minimum })]).toEqual(JSON.parse(stdout));
});
