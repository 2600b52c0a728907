import { SshnError } from '@sshn/core';

/** A trace that cannot be made: nested, asynchronous, or asking for values that do not exist. */
export class TraceError extends SshnError {
  override readonly name = 'TraceError';
}

/** A kernel that was run in a trace and whose output shape is not known. */
export class UnknownKernelError extends SshnError {
  override readonly name = 'UnknownKernelError';

  constructor(
    readonly kernel: string,
    /** Dotted path of the module that ran it, '' outside of any. */
    readonly scope: string,
  ) {
    super(
      `Kernel '${kernel}' in ${describeScope(scope)}: a trace does not know the shape of its outputs. Say it once: ` +
        `registerShapeFunction('${kernel}', (inputs, attributes) => ({ shape: […], dtype: 'float32' })).`,
    );
  }
}

/** A scope in words, for messages. */
export function describeScope(scope: string): string {
  return scope === '' ? 'no module' : `module '${scope}'`;
}
