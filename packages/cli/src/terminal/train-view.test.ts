import type { TrainEvent } from '@sshn/training';
import { describe, expect, it } from 'vitest';
import { fakeTerminal } from '../testing/fake-terminal.js';
import { TrainView } from './train-view.js';

const start = (firstEpoch = 0): TrainEvent => ({
  kind: 'start',
  epochs: 10,
  stepsPerEpoch: 5,
  firstEpoch,
  schedule: { steps: 50, warmUpSteps: 5, highest: 2e-3, last: 1e-6 },
  parameters: { trained: 1_234_567, network: 7_890 },
});
const step = (epoch: number, index: number): TrainEvent => ({
  kind: 'step',
  epoch,
  step: index,
  steps: 5,
  factor: 0.3,
  loss: 0.25,
  imagesPerSecond: 52.34,
});
const epoch = (parts: Partial<Extract<TrainEvent, { kind: 'epoch' }>> = {}): TrainEvent => ({
  kind: 'epoch',
  epoch: 0,
  epochs: 10,
  phase: 'crossEntropy',
  loss: 0.231,
  learningRate: 1e-3,
  imagesPerSecond: 52.34,
  secondsLeft: 190,
  validation: [
    { factor: 0.1, dice: 0.8 },
    { factor: 0.5, dice: 0.9 },
  ],
  isBest: true,
  memory: { tensors: 100 },
  ...parts,
});

describe('TrainView', () => {
  it('says how many parameters there are', () => {
    const terminal = fakeTerminal(false);
    new TrainView(terminal).show(start());
    expect(terminal.lines).toEqual([
      'parameters  1,234,567 trained, 7,890 in the network they make',
      'learning rate  50 steps: up for 5 to 0.00200, at the end 0.00000100',
    ]);
  });

  it('says that patches are trained on, and counts those', () => {
    const terminal = fakeTerminal(false);
    const view = new TrainView(terminal);
    const patches = { size: [24, 32, 24], perImage: 2, foreground: 0.5 };
    for (const event of [{ ...start(), patches } as TrainEvent, epoch({ secondsLeft: 9 })]) view.show(event);
    expect(terminal.lines[2]).toBe(
      'patches     24×32×24, 2 of each image an epoch; Dice is of whole images, in windows of that size',
    );
    expect(terminal.lines.at(-1)).toContain('52.3 patches/s');
  });

  it('says from where it goes on', () => {
    const terminal = fakeTerminal(false);
    new TrainView(terminal).show(start(4));
    expect(terminal.lines[2]).toBe('resuming after epoch 4 of 10');
  });

  it('writes one line per epoch and nothing per step where the output is piped', () => {
    const terminal = fakeTerminal(false);
    const view = new TrainView(terminal);
    for (const event of [start(), step(0, 0), step(0, 1), epoch()]) view.show(event);
    expect(terminal.blocks).toEqual([]);
    expect(terminal.lines.slice(2)).toEqual([
      'validated at  φ 0.1, 0.5',
      'epoch  1/10  cross-entropy  loss 0.2310  Dice 0.850 (0.800, 0.900)  3 min 10 s left  best',
    ]);
    view.show(epoch({ epoch: 1, phase: 'softDice', secondsLeft: 9, isBest: false }));
    expect(terminal.lines.slice(4)).toEqual([
      'epoch  2/10  Dice loss      loss 0.2310  Dice 0.850 (0.800, 0.900)  52.3 images/s  9.0 s left',
    ]);
  });

  it('says how much of the time steps wait for data, from a tenth on', () => {
    const terminal = fakeTerminal(true);
    const view = new TrainView(terminal, () => 0);
    view.show(start());
    view.show({ ...step(0, 0), waitingShare: 0.346 } as TrainEvent);
    expect(terminal.blocks.at(-1)).toContain('52.3 images/s  35 % waiting for data  0.0 s left');
    view.show(
      epoch({
        phase: 'softDice',
        validation: [{ factor: 0.5, dice: 0.9 }],
        secondsLeft: 9,
        isBest: false,
        waitingShare: 0.1,
      }),
    );
    expect(terminal.lines.at(-1)).toMatch(/ {2}10 % waiting for data {2}9\.0 s left$/);
    view.show(epoch({ waitingShare: 0.099 }));
    expect(terminal.lines.at(-1)).not.toContain('waiting');
    // Rather than the Dice at every factor, where there is no room for both.
    view.show(epoch({ waitingShare: 0.5 }));
    expect(terminal.lines.at(-1)).toBe(
      'epoch  1/10  cross-entropy  loss 0.2310  Dice 0.850  50 % waiting for data  3 min 10 s left  best',
    );
  });

  it('writes no line of an epoch that is longer than 100 characters', () => {
    for (const count of [1, 3, 8, 40]) {
      const terminal = fakeTerminal(false);
      const view = new TrainView(terminal);
      const validation = Array.from({ length: count }, (_, i) => ({ factor: i / 100, dice: 0.123456 }));
      view.show(start());
      view.show(epoch({ validation, phase: 'focalTversky', secondsLeft: 7000 }));
      expect(terminal.lines.at(-1)!.length).toBeLessThanOrEqual(100);
      expect(terminal.lines.at(-1)).toContain('Dice 0.123');
    }
  });

  it('leaves out what an epoch has not: validation, time left after the last, best', () => {
    const terminal = fakeTerminal(false);
    const view = new TrainView(terminal);
    const { validation: _, ...bare } = epoch({ epoch: 9, phase: 'softDice', isBest: false }) as Extract<
      TrainEvent,
      { kind: 'epoch' }
    >;
    view.show(start());
    view.show(bare);
    expect(terminal.lines[2]).toBe('epoch 10/10  Dice loss      loss 0.2310  52.3 images/s');
  });

  it('draws share, loss, Dice, speed and time left on a terminal, at most ten times a second', () => {
    let now = 0;
    const terminal = fakeTerminal(true);
    const view = new TrainView(terminal, () => now);
    view.show(start());
    for (let i = 0; i < 5; i++) {
      now += 50;
      view.show(step(0, i));
    }
    expect(terminal.blocks).toHaveLength(3);
    view.show(epoch());
    now += 50;
    view.show(step(1, 0));
    // 6 of 50 steps in 0.3 s: 44 steps at 0.05 s are left.
    const drawn = terminal.blocks[terminal.blocks.length - 1]!;
    expect(drawn).toMatch(
      /^epoch 2\/10 {2}█{2}▉░{21} {2}12 % {2}loss 0\.2500 {2}Dice 0\.850 {2}52\.3 images\/s {2}2\.2 s left$/,
    );
  });

  it('does without the bar on a narrow terminal', () => {
    const terminal = fakeTerminal(true, 80);
    const view = new TrainView(terminal, () => 0);
    view.show(start());
    view.show(step(0, 0));
    expect(terminal.blocks[0]).not.toMatch(/[█░]/);
    expect(terminal.blocks[0]!.length).toBeLessThan(80);
  });
});
