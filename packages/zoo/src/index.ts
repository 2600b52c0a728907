export { modelUrl } from './model-url.js';
export { isModelName, type ModelName, modelNames } from './names.js';
export { type ModelPhantomOptions, modelPhantoms } from './phantoms/phantoms.js';
export {
  frameSize,
  type UltrasoundFrame,
  type UltrasoundScene,
  ultrasoundLabels,
  ultrasoundScene,
} from './phantoms/ultrasound/scene.js';
