import { ours } from './ours/program.js';
import { type PeerProgram, Unsupported } from './program.js';
import { serve } from './serve.js';

/** Our forward pass in the place of a gradient to the kernel, which has as many multiply-adds: what training costs on top. */
const ourForward: PeerProgram = {
  start: (threads) => ours.start(threads),

  async prepare(job, inputs) {
    if (job.kind !== 'convolution' || job.pass !== 'gradientToKernel')
      throw new Unsupported('is compared with the gradient to the kernel only');
    const forward = await ours.prepare({ ...job, pass: 'forward' }, inputs);
    return { ...forward, outputs: () => new Map() };
  },
};

await serve(ourForward);
