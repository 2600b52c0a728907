import type { GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';

/** Gradients to the inputs of a kernel, by name; each is computed only if the tape asks for it. */
export type InputGradients = { readonly [input: string]: () => Tensor };

interface Entry<Attributes> {
  /** Inputs whose values (or shapes) the gradient needs. */
  readonly save?: readonly string[];
  /** Whether the gradient needs the output, which follows the inputs among the saved tensors. */
  readonly saveOutput?: boolean;
  readonly gradients: (dy: Tensor, saved: readonly Tensor[], attributes: Attributes) => InputGradients;
}

/** One gradient for tfjs' registry, of a kernel with one output. */
export function entry<Attributes>(kernelName: string, entry: Entry<Attributes>): GradConfig {
  const { save = [], saveOutput = false, gradients } = entry;
  return {
    kernelName,
    inputsToSave: [...save],
    outputsToSave: [saveOutput],
    gradFunc: (dy, saved, attributes: NamedAttrMap) =>
      gradients(dy as Tensor, saved, attributes as Attributes),
  };
}

/** The gradient of a function of one `x`: dx from dy and x. */
export function fromInput(kernelName: string, dx: (dy: Tensor, x: Tensor) => Tensor): GradConfig {
  return entry(kernelName, { save: ['x'], gradients: (dy, [x]) => ({ x: () => dx(dy, x!) }) });
}

/** The gradient of a function y of one `x`: dx from dy and y, so that x need not be kept alive. */
export function fromOutput(kernelName: string, dx: (dy: Tensor, y: Tensor) => Tensor): GradConfig {
  return entry(kernelName, { saveOutput: true, gradients: (dy, [y]) => ({ x: () => dx(dy, y!) }) });
}

/** The gradient of a map that is linear in its one input and knows all from its attributes. */
export function linear<Attributes>(
  kernelName: string,
  dx: (dy: Tensor, attributes: Attributes) => Tensor,
  input = 'x',
): GradConfig {
  return entry<Attributes>(kernelName, {
    gradients: (dy, _, attributes) => ({ [input]: () => dx(dy, attributes) }),
  });
}
