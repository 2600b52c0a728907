export {
  readField,
  readLabelPicture,
  readPicture,
  readSeriesFiles,
  requireFieldName,
  requireFolder,
  requireOutput,
  writeField,
  writePicture,
} from './files.js';
export { openModel } from './open-model.js';
