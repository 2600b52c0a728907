import type { Module } from '@sshn/core';
import { sequential } from '@sshn/layers';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Plan } from '../config/plan.js';
import type { BlockConfig, BlockSpecs } from './block.js';

/** Parameters of the convolutions of one resolution, one after the other. */
export type StageSpecs<Film extends boolean = boolean> = ReadonlyArray<BlockSpecs<Film>>;

/** The convolutions of one resolution, as many as the plan says; `last` is what differs in the last one. */
export function convolutions(
  { convolutionsPerStage, block }: Plan,
  inChannels: number,
  outChannels: number,
  last?: Partial<BlockConfig>,
): Module<StageSpecs, Tensor, Tensor> {
  return sequential(
    Array.from({ length: convolutionsPerStage }, (_, i) =>
      block(i === 0 ? inChannels : outChannels, outChannels, i === convolutionsPerStage - 1 ? last : {}),
    ),
  );
}
