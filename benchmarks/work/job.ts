import type { architectureNames } from '@sshn/architectures';

/** A name of an architecture of ours. */
export type ArchitectureName = (typeof architectureNames)[number];

/** Which of the three passes of a convolution. */
export type ConvolutionPass = 'forward' | 'gradientToInput' | 'gradientToKernel';

/** One pass of a convolution with stride 1 that keeps the size, without bias. */
export interface ConvolutionJob {
  readonly kind: 'convolution';
  readonly pass: ConvolutionPass;
  /** `[batch, height, width, in]`. */
  readonly x: readonly number[];
  /** `[height, width, in, out]`. */
  readonly kernel: readonly number[];
}

/** The U-Net of a job, in numbers that a peer in another language can follow. */
export interface Network {
  readonly rank: 2 | 3;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly features: number;
  readonly slope: number;
  /** Spatial size at every stage, full resolution first. */
  readonly sizes: ReadonlyArray<readonly number[]>;
}

/** From an image to logits. */
export interface InferenceJob {
  readonly kind: 'inference';
  readonly network: Network;
  readonly factor: number;
}

/** Forward, backward, and a step of Adam. */
export interface TrainingJob {
  readonly kind: 'training';
  readonly method: 'fixed' | 'sshn';
  readonly network: Network;
  readonly batch: number;
  readonly factor: number;
}

/**
 * Forward, local NCC and diffusion, backward, and a step of Adam of a network that aligns volumes. At half resolution the
 * volumes have twice the size that the network sees.
 */
export interface RegistrationJob {
  readonly kind: 'registration';
  /** Up to the last features; a convolution to the flow follows. */
  readonly network: Network;
  readonly size: readonly number[];
  readonly resolution: 'full' | 'half';
  readonly integrationSteps: number;
  /** Edge of the window of local NCC, in voxels. */
  readonly window: number;
  /** Of diffusion. */
  readonly weight: number;
  readonly factor: number;
}

/** The weights of a network from its hypernetwork. */
export interface WeightsJob {
  readonly kind: 'weights';
  readonly network: Network;
  readonly factor: number;
}

/** Trace and count a network, from shapes alone. */
export interface TraceJob {
  readonly kind: 'trace';
  readonly network: Network;
  readonly factor: number;
}

/** From an image to logits by any of our architectures. */
export interface ArchitectureJob {
  readonly kind: 'architecture';
  readonly architecture: ArchitectureName;
  readonly size: readonly number[];
  readonly inChannels: number;
  readonly outChannels: number;
  readonly features: number;
  readonly factor: number;
}

/** What a peer is asked to compute: plain data, as it crosses process and language. */
export type Job =
  | ConvolutionJob
  | InferenceJob
  | TrainingJob
  | RegistrationJob
  | WeightsJob
  | TraceJob
  | ArchitectureJob;
