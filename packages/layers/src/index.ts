export {
  type ActivationKind,
  type ActivationLayerConfig,
  activation,
  activationKinds,
} from './activation/activation.js';
export { type ActivationConfig, leakyRelu } from './activation/leaky-relu.js';
export { type PreluSpecs, prelu } from './activation/prelu.js';
export {
  type SqueezeExcitationConfig,
  type SqueezeExcitationKind,
  type SqueezeExcitationSpecs,
  squeezeExcitation,
} from './attention/squeeze-excitation.js';
export { requireRank } from './check.js';
export { concatenate } from './containers/concatenate.js';
export { type ResidualLayers, residual } from './containers/residual.js';
export { sequential } from './containers/sequential.js';
export { type ConvolutionConfig, type ConvolutionSpecs, convolution } from './convolution/convolution.js';
export { type ModulatedConvolutionSpecs, modulatedConvolution } from './convolution/modulated.js';
export { type StridedConvolutionConfig, stridedConvolution } from './convolution/strided.js';
export { type DenseConfig, type DenseSpecs, dense } from './dense.js';
export { type DropoutConfig, dropout } from './dropout.js';
export { type FilmSpecs, film } from './film.js';
export type { ContainerSpecs, Layers, NoSpecs } from './layer.js';
export {
  type GroupNormalizationConfig,
  groupNormalization,
  type InstanceNormalizationConfig,
  instanceNormalization,
  type NormalizationSpecs,
} from './normalization/normalization.js';
export { type AdaptiveAveragePoolConfig, adaptiveAveragePool } from './pooling/adaptive-average.js';
export { averagePooling, maximumPooling } from './pooling/downsampling.js';
export { globalAveragePool } from './pooling/global-average.js';
export {
  type PyramidPooling,
  type PyramidPoolingConfig,
  type PyramidPoolingSpecs,
  pyramidPooling,
} from './pooling/pyramid.js';
export { downsample, type UpsampleConfig, type Upsampling, upsample } from './resize/resize.js';
