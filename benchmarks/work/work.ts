import type { RawTensor } from '@sshn/model';
import type { Job } from './job.js';

/** Tensors by name, as they go to a peer and come back. */
export type Tensors = Map<string, RawTensor>;

/** A piece of work that all peers do on the same inputs. */
export interface Work {
  /** What `--only` asks for. */
  readonly name: string;
  /** One line for people. */
  readonly title: string;
  readonly job: Job;
  inputs(): Tensors;
}
