import { ours } from './ours/program.js';
import { serve } from './serve.js';

await serve(ours);
