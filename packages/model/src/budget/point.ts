/** What one rescaling factor gives, and what it costs on this device. */
export interface AccuracyCostPoint {
  /** φ, common to all downsampling steps, in [0, 1]. */
  readonly factor: number;
  /** Of one image, from input to output of the plain network for the factor; `null` where nobody measured. */
  readonly milliseconds: number | null;
  /** FLOPs of the same, in units of 10⁹; `null` where nobody counted. */
  readonly gflops: number | null;
  /** Mean foreground Dice in [0, 1]; `null` where nobody evaluated. */
  readonly dice: number | null;
}
