import { multiplyAdds } from '../work/multiply-adds.js';
import { productsPerIteration } from './limit/multiply-add.js';
import { MultiplyAddThreads } from './limit/threads.js';
import { type PeerProgram, Unsupported } from './program.js';
import { serve } from './serve.js';

let threads: MultiplyAddThreads;
let count = 1;

/** The multiply-adds that a job takes when every product is computed, in registers: what memory and all else come on top of. */
const limit: PeerProgram = {
  async start(wanted) {
    count = wanted;
    threads = new MultiplyAddThreads(count);
    return '';
  },

  prepare(job) {
    const products = multiplyAdds(job);
    if (products === undefined) throw new Unsupported('is of convolutions and inference');
    const iterations = Math.max(1, Math.round(products / productsPerIteration / count));
    return { outputs: () => new Map(), run: () => threads.run(iterations), release() {} };
  },
};

await serve(limit);
