export type { NetworkConfig } from './config/network-config.js';
export { type FpnConfig, type FpnSpecs, fpn } from './fpn.js';
export { type PSPNetConfig, type PSPNetSpecs, pspnet } from './pspnet.js';
export { type Architectures, architectureNames, createNetwork, type ImageNetwork } from './registry.js';
export { type ResUNetConfig, type ResUNetSpecs, resunet } from './resunet.js';
export type { SegmentationNetwork } from './segmentation-network.js';
export { type SENetConfig, type SENetSpecs, senet } from './senet.js';
export { type UNetConfig, type UNetSpecs, unet } from './unet.js';
