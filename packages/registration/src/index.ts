export type { Interpolation, Padding, Sampling } from './warp/sampling.js';
export { warp, warpLabels } from './warp/warp.js';
