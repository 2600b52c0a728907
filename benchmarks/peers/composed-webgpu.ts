import { serve } from './serve.js';
import { webgpuProgram } from './webgpu/program.js';

// What is ours composed of kernels of tfjs.
await serve(webgpuProgram(false));
