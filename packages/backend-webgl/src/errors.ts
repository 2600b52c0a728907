import { SshnError } from '@sshn/core';

const wasm = 'the wasm backend, which needs no GPU: useFastWasm() of @sshn/backend-wasm';

/** There is no WebGL here: what was missing, and what to do. */
export class WebglUnavailableError extends SshnError {
  override readonly name = 'WebglUnavailableError';

  constructor(readonly problem: string) {
    super(`WebGL does not start: ${problem}. Use ${wasm}.`);
  }
}

/** The browser took the GPU away; until `useFastWebgl` is called again, everything on webgl ends in this error. */
export class WebglContextLostError extends SshnError {
  override readonly name = 'WebglContextLostError';

  constructor() {
    super(
      'The browser took the WebGL context away, and with it all tensors: most often the GPU had no memory left, or a ' +
        `program ran for too long. Take smaller images or batches and call useFastWebgl() again, or use ${wasm}.`,
    );
  }
}

/** The GPU computes in less than float32, in which training diverges. */
export class WebglPrecisionError extends SshnError {
  override readonly name = 'WebglPrecisionError';

  constructor(
    readonly what: string,
    readonly mantissaBits: number,
  ) {
    super(
      `${what}: this GPU computes with ${mantissaBits} bits behind the point instead of 23, and small gradients become 0. ` +
        `Train on ${wasm}; to train here anyway, call useFastWebgl({ imprecise: 'train' }).`,
    );
  }
}
