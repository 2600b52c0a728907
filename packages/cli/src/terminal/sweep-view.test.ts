import { describe, expect, it } from 'vitest';
import { fakeTerminal } from '../testing/fake-terminal.js';
import { result } from '../testing/report.js';
import { resultsTable, SweepView } from './sweep-view.js';

describe('SweepView', () => {
  it('writes a line per factor where the output is piped', () => {
    const terminal = fakeTerminal(false);
    const view = new SweepView(terminal, 5, 2);
    view.show(result({ factor: 0.3 }));
    expect(terminal.lines).toEqual([
      '2 of 5 factors were evaluated before and are kept',
      '3/5  φ 0.3: Dice 0.9000, 0.500 GFLOPs',
    ]);
  });

  it('draws a bar and the time left on a terminal', () => {
    let now = 0;
    const terminal = fakeTerminal(true);
    const view = new SweepView(terminal, 4, 0, () => now);
    expect(terminal.blocks[0]).toMatch(/^░{24} 0\/4/);
    now = 2000;
    view.show(result({ factor: 0 }));
    expect(terminal.lines).toEqual([]);
    expect(terminal.blocks[1]).toMatch(/^█{6}░{18} 1\/4 {2}φ 0: Dice 0\.9000.* 6\.0 s left$/);
  });
});

describe('resultsTable', () => {
  it('has a column per label and a dash for what is undefined', () => {
    const lines = resultsTable([
      result({ factor: 0, dice: Number.NaN, undefinedCases: 3, diceByLabel: { nucleus: Number.NaN } }),
      result({
        factor: 0.125,
        diceByLabel: { nucleus: 0.95 },
        gflops: 1234.5,
        milliseconds: 0.0123456,
        millisecondsQuartiles: [0.01, 0.02],
      }),
    ]).split('\n');
    expect(lines).toEqual([
      'φ        Dice  nucleus  GFLOPs          ms (quartiles)  undefined',
      '─────  ──────  ───────  ──────  ──────────────────────  ─────────',
      '0.00        –        –   0.500                    12.0          3',
      '0.125  0.9000   0.9500    1235  0.0123 (0.0100–0.0200)          0',
    ]);
  });

  it('has separate factors in one cell, and distances with their unit where they were measured', () => {
    const surface = {
      unit: 'mm',
      tolerance: 2,
      hausdorff95: 4.123,
      averageDistance: 1,
      surfaceDice: 0.875,
    } as const;
    const parts = result({ diceByLabel: {}, surface: { ...surface, oneEmptyCases: 1 } });
    const lines = resultsTable([{ ...parts, factor: [0.1, 0.25] }]).split('\n');
    expect(lines[0]).toBe(
      'φ             Dice  HD95 mm  ASSD mm  surface Dice  GFLOPs  ms (quartiles)  undefined',
    );
    expect(lines[2]).toBe(
      '0.10, 0.25  0.9000     4.12     1.00          0.88   0.500            12.0          0',
    );
  });
});
