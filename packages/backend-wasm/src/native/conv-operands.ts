/** What a convolution works on besides its geometry: addresses in the wasm memory. */
export interface ConvOperands {
  readonly x: number;
  /**
   * The kernel `[taps, in, out]`; in a gradient to the input that of the forward convolution, `[taps, out, in]` of the
   * gradient's own geometry.
   */
  readonly kernel: number;
  /** `dataNumber` of the kernel, whose packed form is kept if it is used again; none for never. */
  readonly kernelData?: number;
  readonly isGradient: boolean;
  /** 0 for none. */
  readonly bias: number;
  readonly y: number;
  /** Factor of the leaky rectifier below zero; 1 for none. */
  readonly slope: number;
}

/** What a gradient to the kernel works on. */
export interface KernelGradientOperands {
  readonly x: number;
  readonly dy: number;
  /** `[taps, in, out]`. */
  readonly out: number;
}
