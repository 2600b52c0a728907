export {
  type AlignOptions,
  coverageOf,
  requireCoverage,
} from './align.js';
export { featuresOf } from './analysis/features.js';
export { coefficientsOfVariation, type WeightCurve, weightsOver } from './analysis/weights.js';
export { type CascadeOptions, isCascaded } from './cascade.js';
export { type CleanOptions, cleanLabels } from './clean.js';
export { encodeField, type FieldMm, longest, warpPicture } from './field.js';
export {
  dsegTable,
  encodeLabelNifti,
  encodeSegmentationNrrd,
  encodeUncertainty,
  freesurferTable,
  type LabelAmount,
  labelAmounts,
  type NamedLabel,
  namedLabels,
  segmentsOf,
  withFileValues,
} from './label-files.js';
export { type OpenOptions, openModel } from './open-model.js';
export {
  decodeLabelPicture,
  decodePicture,
  decodeSeries,
  encodePicture,
  type Picture,
  pictureOf,
} from './picture.js';
export {
  type Registered,
  type RegisterOptions,
  type RegistrationFigures,
  registerPair,
  usualObjective,
} from './register-pair.js';
export { Registrar, type RegistrarOptions } from './registrar.js';
export { inSpaceOf, labelsInSpaceOf } from './same-space.js';
export { type Segmentation, Segmenter, type SegmentOptions } from './segmenter.js';
export type { Chosen, SettingChoice } from './setting-choice.js';
