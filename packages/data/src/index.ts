export { type AugmentConfig, augment } from './augmentation/augment.js';
export { type BatchOptions, batches } from './dataset/batches.js';
export { cacheDataset } from './dataset/cache.js';
export { type Fold, type FoldOptions, folds } from './dataset/folds.js';
export { datasetOf, type ExamplesOptions } from './dataset/from-examples.js';
export { type Fractions, splitGroups, splitIds } from './dataset/split.js';
export type { Batch, Dataset, Example, Image, LabelMap, Split } from './dataset/types.js';
export { decodeImage, decodeLabels } from './formats/decode.js';
export {
  generatePhantoms,
  type PhantomKind,
  type PhantomOptions,
  phantomKinds,
} from './phantoms/generate.js';
export { type IntensityNormalization, type Preprocessing, preprocess } from './preprocessing/preprocess.js';
