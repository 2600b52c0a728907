import type { Job } from '../work/job.js';
import type { Tensors } from '../work/work.js';

/** A job with its inputs where the peer wants them. */
export interface Prepared {
  /** The result, channels last, for the comparison with other peers'. Empty where there is none to compare. */
  outputs(): Tensors | Promise<Tensors>;
  /** One repetition. */
  run(): void | Promise<void>;
  release(): void | Promise<void>;
}

/** What runs in a peer's process. */
export interface PeerProgram {
  /**
   * Gets ready to work on so many threads.
   *
   * @returns its version, as the report shows it.
   * @throws {Absent} if it is not installed or has not so many threads.
   */
  start(threads: number): Promise<string>;
  /**
   * @param model The network as ONNX, of inference.
   * @throws {Unsupported} for a job that it has no means for.
   */
  prepare(job: Job, inputs: Tensors, model?: Uint8Array): Prepared | Promise<Prepared>;
}

/** The peer cannot be measured here. */
export class Absent extends Error {
  override readonly name = 'Absent';
}

/** The peer has no means for a job. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}
