import { serve } from './serve.js';
import { webgpuProgram } from './webgpu/program.js';

await serve(webgpuProgram(true));
