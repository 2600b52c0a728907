import { FileError } from '@sshn/core';

/** What an operating system's error means for a user, and what to do. */
const problems: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  ENOENT: ['no such file or folder', 'Check the path; folders are not made on the way.'],
  ENOTDIR: ['a part of the path is not a folder', 'Check the path.'],
  EEXIST: ['a file or folder of this name is in the way', 'Choose another path.'],
  EISDIR: ['this is a folder, not a file', 'Name a file in it.'],
  EACCES: ['permission denied', 'Change its permissions or use another folder.'],
  EPERM: ['the operation is not permitted', 'Change its permissions or use another folder.'],
  EROFS: ['the file system is read-only', 'Use another folder.'],
  ENOSPC: ['the disk is full', 'Free some space; what was there before is untouched.'],
  EDQUOT: ['the disk quota is used up', 'Free some space; what was there before is untouched.'],
  EMFILE: ['too many open files', 'Close some, or raise the limit (ulimit -n).'],
};

/** A `FileError` for what the file system threw; anything else comes back as it is. */
export function fileProblem(path: string, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === undefined || cause instanceof FileError) return cause;
  const [problem, remedy] = problems[code] ?? [`the system reports ${code}`, 'Check the disk and the path.'];
  return new FileError({ path, problem, remedy, cause });
}
