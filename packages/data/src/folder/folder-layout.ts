import type { LabelScheme } from './label-names.js';
import type { OnUnpaired, Pair } from './pair.js';
import type { SourceFile } from './source-file.js';

/** A folder as a layout reads it. */
export interface Folder {
  readonly pairs: readonly Pair[];
  /** Undefined if only the label files themselves can tell. */
  readonly scheme: LabelScheme | undefined;
}

/** A way to arrange images and labels in a folder. */
export interface FolderLayout {
  /** What the folder has to look like, for errors. */
  readonly description: string;
  matches(files: readonly SourceFile[]): boolean;
  /**
   * @param path Makes a path for errors of a path in the folder.
   * @param onUnpaired Called with files without a partner, which are then left out; without it they are refused.
   */
  read(
    files: readonly SourceFile[],
    path: (relative: string) => string,
    onUnpaired?: OnUnpaired,
  ): Promise<Folder>;
}
