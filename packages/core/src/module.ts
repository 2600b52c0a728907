import type { Tensor } from '@tensorflow/tfjs-core';
import { ValueError } from './errors.js';
import type { ParamsOf, SpecNode } from './params.js';
import type { Setting } from './setting.js';

/**
 * A differentiable map: its configuration is frozen inside, its weights arrive with each call. Without further words, one
 * from a tensor to a tensor, whatever its parameters: what containers hold.
 *
 * `apply` is a pure function of its arguments. It disposes none of them and returns tensors that the caller owns.
 */
export interface Module<Specs extends SpecNode = SpecNode, Input = Tensor, Output = Tensor> {
  /** The parameters that `apply` needs, as a tree of names. */
  readonly specs: Specs;
  apply(params: ParamsOf<Specs>, input: Input, at: Setting): Output;
}

/** The specs of a module without parameters. */
export type NoSpecs = { readonly [name: string]: never };

/** The specs of a module's type, for signatures. */
export type SpecsOf<M> = M extends Module<infer Specs, never, unknown> ? Specs : never;

/**
 * A module from an image `[batch, ...spatial, inChannels]` to the logits of its labels or, of registration, from a pair of
 * images to a flow.
 */
export interface Network<Specs extends SpecNode = SpecNode> extends Module<Specs, Tensor, Tensor> {
  /** Spatial dimensions: 2 for images, 3 for volumes. */
  readonly rank: 2 | 3;
  readonly inChannels: number;
  readonly outChannels: number;
  /** How often it shrinks features: a setting has one factor, or as many. */
  readonly steps: number;
  /**
   * There where it has widths: the same network with the first ⌈w·F⌉ of the F features of every stage. `apply` gives its
   * work to that one where the setting's width is below 1, and takes that one's parameters then.
   */
  readonly narrow?: (width: number) => Network;
  /**
   * There under deep supervision: the same parameters, but all predictions, the one that `apply` gives first and then ever
   * less important ones, of whatever size. A loss that trains them all gives the first the weight 1, the next 1/2, then 1/4 …
   */
  readonly outputs?: Module<Specs, Tensor, Tensor[]>;
}

/** What may have widths: a network, or any module with parameters that narrower ones share. */
export interface Narrowable {
  readonly specs: SpecNode;
  readonly narrow?: (width: number) => Narrowable;
}

/**
 * The network that runs at a setting, with its own specs: a narrower one where the setting's width is below 1.
 *
 * @throws {ValueError} if the width is below 1 and the network has one width only.
 * @example
 * countParams(networkAt(network, setting({ factor: 0.25, width: 0.5 })).specs);   // about a quarter
 */
export function networkAt(network: Network, at: Setting): Network;
export function networkAt(network: Narrowable, at: Setting): Narrowable;
export function networkAt(network: Narrowable, { width }: Setting): Narrowable {
  if (width === 1) return network;
  if (network.narrow !== undefined) return network.narrow(width);
  throw new ValueError({
    where: 'setting: width',
    got: width,
    expected: '1, as this network has one width only',
  });
}

/** A plain network at one setting, for images of one size: what a runtime is given, and what is exported. */
export interface PlainNetwork<Specs extends SpecNode = SpecNode> {
  /** From feature maps to feature maps: a network, or any module made of layers. */
  readonly network: Module<Specs, Tensor, Tensor>;
  /** Its weights at the setting: of a network whose weights follow from it, `specialize` gives them. They stay the caller's. */
  readonly params: ParamsOf<Specs>;
  readonly at: Setting;
  /** `[height, width]` or `[depth, height, width]` of all images that it will see. */
  readonly size: readonly number[];
  /** Of the images. */
  readonly channels: number;
}
