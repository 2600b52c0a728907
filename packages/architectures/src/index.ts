export { type Architectures, architectureNames, createNetwork, type ImageNetwork } from './registry.js';
export { type UNetConfig, unet } from './unet.js';
