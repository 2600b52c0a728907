export interface FastWebglOptions {
  /**
   * What to do where the GPU computes in less than float32, as on many phones: `'refuse'` lets what trains end in a
   * `WebglPrecisionError`, `'train'` lets it go on. Inference always runs. @default 'refuse'
   */
  readonly imprecise?: 'refuse' | 'train';
}

/** What is on. */
export interface FastWebglStatus {
  readonly backend: 'webgl';
  /** The GPU in words, as far as the browser tells. */
  readonly renderer: string;
  /** Whether it computes on the CPU: right, and slower than the wasm backend. */
  readonly isSoftware: boolean;
  /** As measured at the start. */
  readonly precision: 'float32' | 'less';
  /** Bits behind the point, as measured: 23 in float32, 10 in float16. */
  readonly mantissaBits: number;
  /** Whether training runs, or ends in a `WebglPrecisionError`. */
  readonly training: 'runs' | 'refused';
  /** Names of our kernels; none on WebGL 1, whose programs cannot hold them. */
  readonly kernels: readonly string[];
  readonly limits: {
    /** Pixels along an edge of a texture. */
    readonly maxTextureSize: number;
    /** Values that one tensor may hold: a texture full of them, one to a pixel. */
    readonly maxTensorValues: number;
  };
  /** What happened since: a context that was lost. Empty where all is well. */
  readonly problems: readonly string[];
}
