import { requireIntegers, requireOption, rescaledSize, ShapeError, ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { dispose, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { requireField, spatialOf } from '../check.js';
import { rescaleField } from '../fields/rescale.js';
import { type FlowResolution, fieldOf, flowResolutions } from '../network/registration-network.js';
import type { RegistrationObjective } from '../objective/objective.js';
import { checkPair } from '../similarity/inputs.js';
import { descend, lossOf } from './descend.js';
import { halved, pyramidSizes, usualLevels } from './pyramid.js';

/** How a field is refined. */
export interface RefineOptions {
  readonly objective: RegistrationObjective;
  /** Steps of Adam at every level, ≥ 0. */
  readonly steps: number;
  /** Flow to begin at, such as a network's, on any grid; stays the caller's. @default zero everywhere */
  readonly start?: Tensor;
  /** Grid of the flow where none is given to begin at: the images' own, or half of it. @default 'full' */
  readonly resolution?: FlowResolution;
  /**
   * Resolutions, the coarsest first, each half of the next; 1 works on the images as they are.
   * @default with `start` 1, else as many, up to 3, as leave 16 voxels along the shortest axis
   */
  readonly levels?: number;
  /** About how far a step moves a voxel, in voxels of its level, > 0. @default 0.1 */
  readonly learningRate?: number;
  /** Called after every step. */
  readonly onStep?: (step: RefineStep) => void;
  /** Aborting ends after the step under way, with what is reached by then. */
  readonly signal?: AbortSignal;
}

/** A step of refinement that was made. */
export interface RefineStep {
  /** From 1, over all levels. */
  readonly step: number;
  /** Of all levels. */
  readonly steps: number;
  /** From 0, the coarsest. */
  readonly level: number;
  readonly levels: number;
  /** Before the step. */
  readonly loss: number;
}

/** A refined flow, and the losses on the images as they are. */
export interface Refined {
  /** Displacement or velocity, as the objective has it, in voxels of its grid; the caller's. */
  readonly flow: Tensor;
  /** The displacement in voxels of the images; the caller's. */
  readonly field: Tensor;
  /** Of the flow that it began at. */
  readonly lossBefore: number;
  /** Of the result: never above that. */
  readonly lossAfter: number;
}

/**
 * Registers one pair of images by gradient descent on the flow itself: without a network, or from what one predicted.
 *
 * At every level of a pyramid of resolutions Adam makes `steps` steps on `registrationLoss`; the flow goes on to the next
 * level by `rescaleField`. The flow of least loss that a level has seen goes on, and the result is never worse than the
 * beginning. Deterministic: nothing is drawn.
 *
 * @param moving `[batch, ...spatial, channels]`. @param fixed Of the same shape.
 * @throws {ShapeError} if shapes do not fit each other. @throws {ValueError} if a number makes no sense.
 * @throws {OptionError} if a word is none of its list.
 * @example
 * const objective = { similarity: 'localNcc', regularizer: 'diffusion', weight: 1, integrationSteps: 7 } as const;
 * const { field } = await refineField(moving, fixed, { objective, steps: 100 });
 * const moved = warp(moving, field);
 *
 * *Source*: Balakrishnan et al., "VoxelMorph" (2019), section V-D, instance-specific optimization; Kingma & Ba (2015).
 */
export async function refineField(moving: Tensor, fixed: Tensor, options: RefineOptions): Promise<Refined> {
  checkPair('refineField', moving, fixed);
  registerGradients();
  const { objective, steps, start, signal, onStep, learningRate = 0.1 } = options;
  const size = spatialOf(moving);
  const { levels = start === undefined ? usualLevels(size) : 1 } = options;
  checkNumbers(steps, levels, learningRate);
  const sizes = pyramidSizes(size, levels);
  const grids = pyramidSizes(gridOf(moving, options), levels);
  const first = start?.clone() ?? zeros([moving.shape[0]!, ...grids.at(-1)!, size.length]);
  let reached: { flow: Tensor; loss: number } | undefined;
  try {
    const lossBefore = await lossOf(first, moving, fixed, objective);
    reached = { flow: rescaleField(first, grids[0]!), loss: Number.NaN };
    for (const [level, grid] of grids.entries()) {
      const halvings = sizes.slice(level, -1).reverse();
      const images = [halved(moving, halvings), halved(fixed, halvings)] as const;
      const from = rescaleField(reached.flow, grid);
      try {
        const next = await descend(from, ...images, objective, {
          steps,
          learningRate,
          ...(signal === undefined ? {} : { signal }),
          onStep: (index, loss) =>
            onStep?.({ step: level * steps + index + 1, steps: levels * steps, level, levels, loss }),
        });
        reached.flow.dispose();
        reached = next;
      } finally {
        dispose([from, ...images]);
      }
    }
    const { flow, loss } = reached.loss < lossBefore ? reached : { flow: first, loss: lossBefore };
    return { flow: flow.clone(), field: fieldOf(flow, size, objective), lossBefore, lossAfter: loss };
  } finally {
    first.dispose();
    reached?.flow.dispose();
  }
}

/** The grid of the flow at full resolution. */
function gridOf(moving: Tensor, { start, resolution = 'full' }: RefineOptions): number[] {
  requireOption('resolution', resolution, flowResolutions);
  const size = spatialOf(moving);
  if (start === undefined) return resolution === 'full' ? size : rescaledSize(size, 0.5);
  requireField('refineField: start', start);
  if (start.shape[0] !== moving.shape[0] || start.rank !== moving.rank) {
    throw new ShapeError({
      where: 'refineField: start',
      got: start.shape,
      expected: `[${moving.shape[0]}, …grid, ${size.length}], a flow for each image`,
    });
  }
  return spatialOf(start);
}

function checkNumbers(steps: number, levels: number, learningRate: number): void {
  requireIntegers('refineField', { steps }, 0);
  requireIntegers('refineField', { levels });
  if (learningRate > 0 && learningRate < Infinity) return;
  throw new ValueError({
    where: 'refineField: learningRate',
    got: learningRate,
    expected: 'a positive number',
  });
}
