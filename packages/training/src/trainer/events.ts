import { type Factor, SshnError } from '@sshn/core';
import type { PatchOptions } from '@sshn/data';
import type { ScheduleSummary } from '@sshn/optim';
import type { RunConfig } from '../config/run-config.js';

/**
 * The loss trained at a time: of segmentation cross-entropy first, then the one configured, soft Dice by default (paper,
 * section 4.1); of registration similarity and smoothness.
 */
export type Phase = RunConfig['loss']['name'] | 'alignment';

/** The run begins, or goes on after a checkpoint. */
export interface StartEvent {
  readonly kind: 'start';
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** The epoch that comes next, from 0; above 0 when a run goes on. */
  readonly firstEpoch: number;
  /** What the course of the learning rate amounts to. */
  readonly schedule: ScheduleSummary;
  /** How many numbers are trained, and how many the plain network has. */
  readonly parameters: { readonly trained: number; readonly network: number };
  /** Where patches of images are trained on: images per second are then patches per second. */
  readonly patches?: PatchOptions;
}

/** An image was aligned, before training. */
export interface AlignEvent {
  readonly kind: 'align';
  readonly id: string;
  /** Alignments done, and how many there are in all; where the reference is a mean, some images are aligned twice. */
  readonly done: number;
  readonly total: number;
}

/** One update of the weights. */
export interface StepEvent {
  readonly kind: 'step';
  readonly epoch: number;
  /** The step within its epoch, from 0. */
  readonly step: number;
  /** Steps in an epoch. */
  readonly steps: number;
  /** The rescaling factor that was drawn; a list where every downsampling step, or every part of the batch, has its own. */
  readonly factor: Factor;
  readonly loss: number;
  readonly imagesPerSecond: number;
  /** Share of the time of the epoch's steps so far in which they waited for images to be read and augmented. */
  readonly waitingShare?: number;
}

/** Something that should be known at once, with what to do; training goes on. */
export interface WarningEvent {
  readonly kind: 'warning';
  readonly message: string;
}

/** How good the network is on the validation images at a factor. */
export interface ValidatedFactor {
  readonly factor: Factor;
  /** Mean foreground Dice; NaN where no validation image has a label. */
  readonly dice: number;
  /** Where no validation image has a label: the mean loss, which then says which model is best. */
  readonly loss?: number;
  /** Labels that validation images have and of which not one pixel is found in any of them. */
  readonly missed?: readonly string[];
  /** Of registration: mean Dice of the labels before it, and the share of folded voxels in percent. */
  readonly diceBefore?: number;
  readonly foldedPercent?: number;
}

/** An epoch is over; the trainer's state is worth a checkpoint. */
export interface EpochEvent {
  readonly kind: 'epoch';
  readonly epoch: number;
  readonly epochs: number;
  readonly phase: Phase;
  /** Mean over the steps of the epoch. */
  readonly loss: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** Of the steps of the epoch, without validation; of an epoch that went on from a checkpoint, of the steps since. */
  readonly seconds?: number;
  /** Share of these seconds in which steps waited for images to be read and augmented; absent of what older releases wrote. */
  readonly waitingShare?: number;
  /** Until the last epoch, at the pace so far. */
  readonly secondsLeft: number;
  /** Mean foreground Dice on the validation images, by factor; absent in epochs that are not validated. */
  readonly validation?: ReadonlyArray<ValidatedFactor>;
  /** Whether the mean of that is the highest so far. */
  readonly isBest: boolean;
  /** What is held after the epoch; the process's memory where the host tells it. */
  readonly memory: { readonly tensors: number; readonly rssBytes?: number };
}

/** Training is over, and the next setting of a coarse front of its widths and resolutions is measured on the validation images. */
export interface FrontEvent {
  readonly kind: 'front';
  /** Settings measured so far, and how many there are in all. */
  readonly done: number;
  readonly total: number;
}

/** The run is over, or pauses. */
export interface EndEvent {
  readonly kind: 'end';
  readonly reason: 'finished' | 'stoppedEarly' | 'interrupted';
  /** Epochs completed. */
  readonly epoch: number;
  /** The highest mean Dice on validation images; NaN before the first validation. */
  readonly bestDice: number;
}

/** What a trainer tells while it runs. */
export type TrainEvent =
  | AlignEvent
  | StartEvent
  | WarningEvent
  | StepEvent
  | EpochEvent
  | FrontEvent
  | EndEvent;

/** A loss or weight that is no number any more: training has diverged, and says where and what is left. */
export class DivergenceError extends SshnError {
  override readonly name = 'DivergenceError';
  /** What is not finite. */
  readonly what: string;
  readonly step: number;
  readonly factor: Factor;
  /** The last good checkpoint, where one is kept. */
  readonly checkpoint: string | undefined;

  constructor(detail: { what: string; step: number; factor: Factor; checkpoint?: string | undefined }) {
    const { what, step, factor, checkpoint } = detail;
    const left =
      checkpoint === undefined
        ? 'No checkpoint has been written yet.'
        : `The last good checkpoint is ${checkpoint}.`;
    super(
      `Training diverged at step ${step} (factor ${[factor].flat().map(toFour).join(', ')}): ${what}. ${left} ` +
        'Lower optimizer.learningRate, set optimizer.clipNorm, or add optimizer.warmUpSteps.',
    );
    this.what = what;
    this.step = step;
    this.factor = factor;
    this.checkpoint = checkpoint;
  }
}

function toFour(factor: number): string {
  return factor.toFixed(4);
}
