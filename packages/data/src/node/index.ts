export type { FolderOptions } from '../folder/open-files.js';
export { openFolder } from './open-folder.js';
