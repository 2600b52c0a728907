import { ValueError } from '@sshn/core';
import { expect, test } from 'vitest';
import { parseCommandLine } from './command-line.js';
import { allWork, workNamed } from './work/index.js';

test('without options everything is measured', () => {
  expect(parseCommandLine([])).toEqual({
    only: undefined,
    json: undefined,
    markdown: false,
    help: false,
    repeats: 15,
    threads: [1, 2],
  });
});

test('every option is read; the -- that pnpm passes on is not one', () => {
  const args = '-- --only weights --json rows.json --repeats 3 --threads 2,4 --help'.split(' ');
  expect(parseCommandLine(args)).toEqual({
    only: 'weights',
    json: 'rows.json',
    markdown: false,
    help: true,
    repeats: 3,
    threads: [2, 4],
  });
  expect(parseCommandLine(['--markdown']).markdown).toBe(true);
});

test.each([
  [['--repeats', '0']],
  [['--repeats', 'many']],
  [['--threads', '1,two']],
  [['--markdown', '--only', 'weights']],
])('%j is refused', (args) => {
  expect(() => parseCommandLine(args)).toThrow(ValueError);
});

test('names are unique, choose one piece of work or all that begin so, and are listed for a wrong one', () => {
  expect(new Set(allWork.map(({ name }) => name)).size).toBe(allWork.length);
  expect(workNamed(undefined)).toBe(allWork);
  expect(workNamed('weights').map(({ name }) => name)).toEqual(['weights']);
  expect(workNamed('unet-inference-0').map(({ name }) => name)).toEqual(['unet-inference-0']);
  expect(workNamed('unet-inference').length).toBe(4);
  expect(workNamed('conv-3x3-32-32-1x256').length).toBe(3);
  expect(() => workNamed('wieghts')).toThrow("Did you mean 'weights'?");
});

test('all work of the plan is there', () => {
  const count = (kind: string) => allWork.filter(({ job }) => job.kind === kind).length;
  expect(count('convolution')).toBe(3 * 8);
  expect(count('inference')).toBe(4 + 2);
  expect(count('training')).toBe(2 * 3);
  expect(count('weights')).toBe(1);
  expect(count('trace')).toBe(1);
});
