import { SshnError } from '@sshn/core';

/** Kernels that ran and have no rule. */
export class MissingFlopRuleError extends SshnError {
  override readonly name = 'MissingFlopRuleError';

  constructor(
    /** Each kernel with the modules that ran it. */
    readonly kernels: ReadonlyMap<string, readonly string[]>,
  ) {
    const rows = [...kernels].map(([kernel, scopes]) => {
      const modules = scopes.map((scope) => (scope === '' ? 'outside of any module' : scope));
      return `  ${kernel} (${modules.join(', ')})`;
    });
    super(
      `No rule says how many FLOPs these kernels take:\n${rows.join('\n')}\n` +
        `Say it with registerFlopRule('${[...kernels.keys()][0]}', (node) => ({ elementwise: … })), or 'free' to leave it ` +
        "out on purpose; option unknown: 'list' counts the rest.",
    );
  }
}
