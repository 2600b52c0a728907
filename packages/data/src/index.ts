export { type AugmentConfig, augment } from './augmentation/augment.js';
export { type BatchOptions, batches } from './dataset/batches.js';
export { splitIds } from './dataset/split.js';
export type { Batch, Dataset, Example, Image, LabelMap, Split } from './dataset/types.js';
export { decodeImage, decodeLabels } from './formats/decode.js';
export { generatePhantoms, type PhantomOptions } from './phantoms/generate.js';
export { type IntensityNormalization, type Preprocessing, preprocess } from './preprocessing/preprocess.js';
