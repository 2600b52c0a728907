import { SshnError } from '@sshn/core';

/** There is no WebGPU here: what was missing, and what to do. */
export class WebgpuUnavailableError extends SshnError {
  override readonly name = 'WebgpuUnavailableError';

  constructor(
    readonly problem: string,
    readonly wayOut: string,
  ) {
    super(`WebGPU does not start: ${problem}. ${wayOut}`);
  }
}
