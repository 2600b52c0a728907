import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

/** What the child prints, by the number of threads. */
const printed: Array<Record<string, never>> = [];

beforeAll(async () => {
  const child = fileURLToPath(new URL('../testing/decode-child.ts', import.meta.url));
  const flags = ['--conditions=@sshn/source', '--import', 'tsx'];
  for (const threads of [0, 1, 2]) {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, child, String(threads)], {
      timeout: 60_000,
    });
    const lines = stdout.trim().split('\n');
    printed.push(Object.assign({}, ...lines.map((line) => JSON.parse(line))));
  }
}, 180_000);

describe('decoding in threads', () => {
  it.each([1, 2])('of %i gives the bits, the warnings and the errors of the main thread', (threads) => {
    const [here, there] = [printed[0]!, printed[threads]!];
    expect(there).toMatchObject({ started: threads });
    for (const part of ['first', 'outcomes', 'warnings', 'inputs', 'loaded']) {
      expect(there[part]).toEqual(here[part]);
    }
  });

  it('is done there, but for small files, uncompressed volumes and what fails', () => {
    expect(printed.map(({ answers }) => answers)).toEqual([0, 7, 7]);
    expect(printed[0]).toMatchObject({ started: 0, inThreads: 0 });
    expect(printed[1]!.inThreads).toBeGreaterThan(2);
  });

  it('ends as without threads where they die at work', () => {
    for (const { died, first } of printed)
      expect((died as unknown as string[]).slice(0, 3)).toEqual([first, first, first]);
    expect(printed[1]!.died).toEqual(printed[0]!.died);
    expect(printed[2]!.died).toEqual(printed[0]!.died);
  });

  it('ends threads that have had nothing to do for some seconds', () => {
    expect(printed[2]!.rested).toBeGreaterThan(1000);
  });

  it('tells what each file holds or why it is refused', () => {
    const { outcomes, warnings, loaded } = printed[0] as unknown as Record<string, string[]>;
    for (const outcome of outcomes!.slice(0, 9)) expect(outcome).toMatch(/Array.* [0-9a-f]{64}$/);
    const errors = outcomes!.slice(9).map((outcome) => JSON.parse(outcome));
    expect(errors.map(({ name, path }) => path ?? name)).toEqual([
      'cut.png',
      'flipped.png',
      'large.png',
      'zeros.png',
      'color.png',
      'labels.jpg',
      'cut.nii.gz',
      'flipped.nii.gz',
      'ValueError',
      'a.png',
      '1.dcm',
      'cut.dcm',
    ]);
    expect(warnings).toEqual([
      'report: is a DICOM file without pixels, a structured report, and was left out',
    ]);
    expect(new Set(loaded).size).toBe(9);
    expect(loaded![8]).toMatch(/images\/8\.nii\.gz/);
  });
});
