export { type UNetConfig, unet } from './unet.js';
