import { SshnError } from '@sshn/core';

/**
 * What to print about an error: one line for bad input and for a system that refuses, the stack for a defect of ours.
 *
 * @param diagnostics Lines about versions and the machine, to go with a report of a defect.
 */
export function explainFailure(error: unknown, diagnostics: () => string): string {
  if (error instanceof SshnError) return `error: ${error.message}`;
  if (isSystemError(error)) return `error: ${error.path ?? error.syscall}: ${systemProblem(error)}`;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${stack}\n\nThis is a defect of sshn, not of your input. Please report it with the text above and this:\n${diagnostics()}`;
}

interface SystemError extends NodeJS.ErrnoException {
  readonly code: string;
  readonly syscall: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && 'syscall' in error && typeof error.code === 'string';
}

function systemProblem({ code, message }: SystemError): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full. Free some space, then run the command again.';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied. Choose another folder, or change its permissions.';
    case 'EROFS':
      return 'the file system is read-only. Choose another folder.';
    case 'ENOENT':
      return 'there is no such file or folder. Check the path.';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a file is in the way of a folder. Choose another path.';
    default:
      return `${message}.`;
  }
}
