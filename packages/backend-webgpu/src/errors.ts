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

/** The GPU went away; until `useFastWebgpu` is called again, everything on webgpu ends in this error. */
export class WebgpuDeviceLostError extends SshnError {
  override readonly name = 'WebgpuDeviceLostError';

  /** @param reason What the driver says. */
  constructor(readonly reason: string) {
    super(
      'The GPU was taken away, and with it all tensors: most often its memory was full, or a program ran for too long ' +
        `(${reason || 'no reason was given'}). Take smaller images or batches and call useFastWebgpu() again, or use ` +
        '`useFastWasm` of @sshn/backend-wasm.',
    );
  }
}
