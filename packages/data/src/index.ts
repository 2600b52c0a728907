export { augment } from './augmentation/augment.js';
export {
  type AugmentConfig,
  type AxisName,
  augmentationOptions,
  checkAugmentConfig,
} from './augmentation/config.js';
export { type BatchOptions, batches } from './dataset/batches.js';
export { cacheDataset, datasetOf, type ExamplesOptions } from './dataset/from-examples.js';
export { drawPatches, type PatchOptions } from './dataset/patches.js';
export {
  type Fold,
  type FoldOptions,
  type Fractions,
  folds,
  splitDataset,
  splitGroups,
  splitIds,
} from './dataset/split.js';
export type {
  Batch,
  Code,
  Dataset,
  Example,
  FolderDataset,
  Image,
  LabelCodes,
  LabelMap,
  Split,
} from './dataset/types.js';
export { type LayoutName, layoutNames } from './folder/layouts.js';
export { type FolderOptions, openFiles } from './folder/open-files.js';
export type { SourceFile } from './folder/source-file.js';
export { fits, type SliceOptions, type VolumeOptions } from './folder/volume-options.js';
export type { ImageFormat } from './formats/decode.js';
export {
  type DecodeImageOptions,
  type DecodeOptions,
  decodeImage,
  decodeLabels,
  type ImageHeader,
  readImageHeader,
} from './formats/decode.js';
export { moveImage, moveLabels } from './geometry/affine.js';
export { padImage, padOrCropValues } from './geometry/pad.js';
export { convertChannels, type ResizeOptions, resizeImage, resizeLabels } from './geometry/resize.js';
export {
  blendTiles,
  cutTile,
  type Size3,
  size3Of,
  type Tiling,
  tileCount,
  tilingOf,
} from './geometry/tiles.js';
export {
  type ImagePair,
  type PairDataset,
  type PairExample,
  type PairOptions,
  pairDataset,
  pairId,
  pairsWithin,
} from './pairs/pairs.js';
export {
  generatePhantoms,
  type PhantomKind,
  type PhantomOptions,
  phantomKinds,
} from './phantoms/generate.js';
export { type ChosenIntensity, chooseIntensity, intensityOf } from './preprocessing/choose-intensity.js';
export { intensityFaults, intensityKinds } from './preprocessing/options.js';
export type { IntensityChoice, IntensityNormalization } from './preprocessing/preprocess.js';
export { normalizeIntensity, type Preprocessing, preprocess } from './preprocessing/preprocess.js';
export {
  type DecodeDicomOptions,
  type DicomVolume,
  decodeDicom,
} from './volumes/dicom/decode.js';
export {
  type EncodeSegmentationOptions,
  encodeSegmentation,
} from './volumes/dicom/encode-segmentation.js';
export type { Segment } from './volumes/dicom/segmentation.js';
export type { DicomSource } from './volumes/dicom/series.js';
export { type WholeLabels, wholeLabels } from './volumes/labels.js';
export {
  type DecodeNiftiOptions,
  decodeNifti,
  type NiftiInfo,
  readNiftiHeader,
} from './volumes/nifti/decode.js';
export { type EncodeNiftiOptions, encodeNifti } from './volumes/nifti/encode.js';
export { joinNiftiPair } from './volumes/nifti/pair.js';
export { type DecodeNpzOptions, decodeNpz } from './volumes/npz.js';
export { decodeNrrd, readNrrdHeader } from './volumes/nrrd.js';
export type { DecodeNrrdOptions, NrrdInfo } from './volumes/nrrd-header.js';
export {
  type Grid,
  orientationOf,
  orientationOfSlices,
  reorient,
  reorientGrid,
  type SliceAxis,
  sliceAxes,
  sliceOf,
} from './volumes/orientation.js';
export { type DecodeVolumeOptions, decodeVolume, type VolumeFormat, volumeFormat } from './volumes/read.js';
export { padOrCrop, resampleImage, resampleLabels, shapeOn, type Target } from './volumes/resample.js';
export { type OntoOptions, resampleOnto } from './volumes/resample-onto.js';
export { decodeStack } from './volumes/stack.js';
export { type Affine, type Volume, type VoxelData, volumeOf } from './volumes/volume.js';
