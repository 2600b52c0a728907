export { backends, useBackend } from './backends.js';
export { dicomSeries, type Scan } from './dicom.js';
export { gradientError } from './finite-differences.js';
export { goldenCases, sharedFolder } from './golden.js';
export { describeGradients, type GradientCase } from './gradient-cases.js';
export { withoutLeak } from './leaks.js';
export { naiveConvolution } from './naive-convolution.js';
export { distinct, weighted } from './samples.js';
export { bringVulkan, vulkan } from './vulkan.js';
