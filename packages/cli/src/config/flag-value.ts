/** A value that a flag sets, at its place in the configuration. */
export interface FlagValue {
  readonly path: readonly string[];
  readonly value: unknown;
}
