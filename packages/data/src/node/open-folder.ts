import type { Dataset } from '../dataset/types.js';

/** How to read a folder. */
export interface FolderOptions {
  /**
   * - 'wbc': the WBC dataset as published, `Dataset 1/001.bmp` beside `001.png`.
   * - 'generic': `images/` and `labels/` with the same file names but for their extensions, and `labels.json`.
   * - 'auto': whichever the folder looks like.
   *
   * @default 'auto'
   */
  readonly layout?: 'auto' | 'wbc' | 'generic';
  /** `[height, width]` to which every image is brought. @default the size that all files have */
  readonly size?: readonly number[];
  /** Whether decoded examples stay in memory. @default true */
  readonly cache?: boolean;
}

/** Opens a folder of images and labels. */
export async function openFolder(_path: string, _options: FolderOptions = {}): Promise<Dataset> {
  throw new Error('internal: being written');
}
