import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError, ValueError } from '@sshn/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { report } from '../testing/report.js';
import { compareReports, readReport } from './compare.js';

const fixedAt = (factor: number) =>
  report({
    run: {
      ...report().run,
      folder: `runs/fixed-${factor}`,
      method: 'fixed',
      prior: { kind: 'constant', factor },
    },
  });

describe('compareReports', () => {
  it('takes all points of an SSHN and one point of each fixed network, as one curve', () => {
    const [sshn, fixed, ...more] = compareReports([report(), fixedAt(0.1), fixedAt(0.5)]);
    expect(more).toEqual([]);
    expect([sshn!.name, sshn!.isJoined, sshn!.points.length]).toEqual(['SSHN', true, 6]);
    expect([fixed!.name, fixed!.isJoined]).toEqual(['Fixed', false]);
    expect(fixed!.points.map(({ factor }) => factor)).toEqual([0.1, 0.5]);
  });

  it('tells runs of the same method apart by their folders', () => {
    const other = report({ run: { ...report().run, folder: 'runs/longer' } });
    expect(compareReports([report(), other]).map(({ name }) => name)).toEqual([
      'SSHN (cells)',
      'SSHN (longer)',
    ]);
  });

  it('takes all points of the run in question, even if it was trained at one factor', () => {
    const [own, ...none] = compareReports([fixedAt(0.1)]);
    expect(none).toEqual([]);
    expect([own!.name, own!.isJoined, own!.points.length]).toEqual(['Fixed', true, 6]);
    const names = compareReports([fixedAt(0.1), fixedAt(0.3), fixedAt(0.5)]).map(({ name }) => name);
    expect(names).toEqual(['Fixed (fixed-0.1)', 'Fixed (one φ each)']);
  });

  it('refuses results on other images', () => {
    const other = report({ data: { ...report().data, split: 'validation' } });
    expect(() => compareReports([report(), other])).toThrow(ValueError);
    expect(() => compareReports([report(), other])).toThrow(
      /expected the same images: 40 test images of cells/,
    );
  });

  it('refuses as many images of other content, where reports know it', () => {
    const of = (digest: string) => report({ data: { ...report().data, digest } });
    expect(() => compareReports([of('a'), of('b')])).toThrow(
      /got "40 test images of cells of other content, or in another order".*--seed or --split/,
    );
    expect(compareReports([of('a'), of('a')])).toHaveLength(2);
    expect(compareReports([report(), of('a')])).toHaveLength(2);
  });
});

describe('readReport', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sshn-compare-'));
    await mkdir(join(folder, 'pareto'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads what sshn pareto wrote', async () => {
    await writeFile(join(folder, 'pareto', 'pareto.json'), JSON.stringify(report()));
    expect(compareReports([await readReport(folder)])).toEqual(compareReports([report()]));
  });

  it('says what to run where there is none, or something else', async () => {
    await expect(readReport(join(folder, 'absent'))).rejects.toThrow(
      /Evaluate that run first: sshn pareto .*absent/,
    );
    await writeFile(join(folder, 'pareto', 'pareto.json'), '{"format": "other"}');
    await expect(readReport(folder)).rejects.toBeInstanceOf(FileError);
  });
});
