export { normalizations } from './block.js';
export {
  type Architectures,
  architectureNames,
  createNetwork,
  narrowOptions,
  networkOptions,
} from './create-network.js';
export type { EncoderDecoderSpecs } from './encoder-decoder.js';
export { type FpnConfig, type FpnSpecs, fpn } from './fpn.js';
export { type Downsampling, imageOptions, type NetworkConfig } from './options.js';
export { type PSPNetConfig, type PSPNetSpecs, pspnet } from './pspnet.js';
export { type ResUNetConfig, type ResUNetSpecs, resunet } from './resunet.js';
export { type SENetConfig, type SENetSpecs, senet } from './senet.js';
export { type UNetConfig, type UNetSpecs, unet } from './unet.js';
