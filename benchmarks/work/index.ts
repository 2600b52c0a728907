import { OptionError } from '@sshn/core';
import { architectures } from './architectures.js';
import { convolutions } from './convolutions.js';
import { registrationStep } from './registration-step.js';
import { traceFlops } from './trace-flops.js';
import { trainingStep } from './training-step.js';
import { unet3d } from './unet-3d.js';
import { unetInference } from './unet-inference.js';
import { weightGeneration } from './weight-generation.js';
import type { Work } from './work.js';

/** All that is measured, in the order of the table. */
export const allWork: readonly Work[] = [
  ...convolutions,
  ...unetInference,
  ...trainingStep,
  ...registrationStep,
  ...weightGeneration,
  ...unet3d,
  ...architectures,
  ...traceFlops,
];

/**
 * The work whose name is `name` or starts with it.
 *
 * @throws {OptionError} if there is none.
 */
export function workNamed(name: string | undefined): readonly Work[] {
  if (name === undefined) return allWork;
  const exact = allWork.filter((work) => work.name === name);
  const found = exact.length > 0 ? exact : allWork.filter((work) => work.name.startsWith(name));
  if (found.length > 0) return found;
  throw new OptionError(
    '--only',
    name,
    allWork.map((work) => work.name),
  );
}
