export {
  type ActivationConfig,
  type ActivationKind,
  type ActivationLayerConfig,
  activation,
  activationKinds,
  leakyRelu,
  type PreluSpecs,
  prelu,
} from './activation.js';
export {
  type SqueezeExcitationConfig,
  type SqueezeExcitationKind,
  type SqueezeExcitationSpecs,
  squeezeExcitation,
} from './attention.js';
export {
  type ContainerSpecs,
  concatenate,
  type Layers,
  type ResidualLayers,
  residual,
  sequential,
} from './containers.js';
export {
  type ConvolutionConfig,
  type ConvolutionInput,
  type ConvolutionSpecs,
  convolution,
  type ModulatedConvolutionSpecs,
  modulatedConvolution,
} from './convolution.js';
export { type DenseConfig, type DenseSpecs, dense } from './dense.js';
export { type DropoutConfig, dropout } from './dropout.js';
export { type FilmSpecs, film } from './film.js';
export {
  type GroupNormalizationConfig,
  groupNormalization,
  type InstanceNormalizationConfig,
  instanceNormalization,
  type NormalizationSpecs,
} from './normalization.js';
export {
  type AdaptiveAveragePoolConfig,
  adaptiveAveragePool,
  averagePooling,
  globalAveragePool,
  maximumPooling,
  type PyramidPooling,
  type PyramidPoolingConfig,
  type PyramidPoolingSpecs,
  pyramidPooling,
} from './pooling.js';
export { downsample, type UpsampleConfig, type Upsampling, upsample } from './resize.js';
export { type StridedConvolutionConfig, stridedConvolution } from './strided-convolution.js';
