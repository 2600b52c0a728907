import { version_core } from '@tensorflow/tfjs-core';
import { serve } from './serve.js';
import { webgpuProgram } from './webgpu/program.js';

// @sshn on webgpu with nothing but the kernels of tfjs: everything of ours is composed of them.
await serve(webgpuProgram(() => {}, version_core));
