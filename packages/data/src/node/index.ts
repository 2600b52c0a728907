export type { FolderOptions } from '../folder/open-files.js';
export { type AugmentThreads, augmentInThreads } from './augment-threads.js';
export { type OpenFolderOptions, openFolder } from './open-folder.js';
