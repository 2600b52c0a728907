export {
  readField,
  readLabelPicture,
  readPicture,
  requireFieldName,
  requireOutput,
  writeField,
  writePicture,
} from './files.js';
export { openModel } from './open-model.js';
