export { isModelName, type ModelName, modelNames, modelUrl } from './models.js';
export { type ModelPhantomOptions, modelPhantoms } from './phantoms/phantoms.js';
export {
  frameSize,
  type UltrasoundFrame,
  type UltrasoundScene,
  ultrasoundScene,
} from './phantoms/ultrasound/scene.js';
