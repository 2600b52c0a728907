export { type FolderOptions, openFolder } from './open-folder.js';
