export { adam } from './adam';
export { biasGradient } from './bias-gradient';
export { convDirect } from './conv-direct';
export { convKernelGradient, sumSlots } from './conv-kernel-gradient';
export { flipKernel, packKernel } from './conv-pack';
export { leakyGradient } from './leaky-gradient';
export { fillAxis, resize } from './resize';
export { invertAxis, resizeGradient } from './resize-gradient';
