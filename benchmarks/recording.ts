import { parseArgs } from 'node:util';
import { createNetwork } from '@sshn/architectures';
import { useFastWebgpu } from '@sshn/backend-webgpu';
import { disposeParams, initialize, Rng, requireIntegers, setting } from '@sshn/core';
import { hypernetize } from '@sshn/hypernet';
import { crossEntropy } from '@sshn/losses';
import { valueAndGradients } from '@sshn/ops';
import { adam, globalNorm } from '@sshn/optim';
import { dispose, memory, randomNormal, type Scalar, zeros } from '@tensorflow/tfjs-core';
import { create, globals } from 'webgpu';

const usage = `pnpm bench:recording [options]

What recording a training step of an SSHN takes on the CPU: on Dawn's device that computes nothing, in Node. A U-Net of five stages,
clipping, Adam.

  --features N   channels of its stages (default 32)
  --batch N      images (default 4)
  --size N       their edge (default 128)
  --draw         another φ at each step
  --steps N      of which the second half counts (default 200)
  --help`;

const { values: flags } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    features: { type: 'string', default: '32' },
    batch: { type: 'string', default: '4' },
    size: { type: 'string', default: '128' },
    draw: { type: 'boolean', default: false },
    steps: { type: 'string', default: '200' },
    help: { type: 'boolean', default: false },
  },
});
if (flags.help) console.log(usage);
else await bench();

async function bench(): Promise<void> {
  const [features, batch, size, steps] = [flags.features, flags.batch, flags.size, flags.steps].map(
    Number,
  ) as [number, number, number, number];
  requireIntegers('pnpm bench:recording', { features, batch, size, steps });
  Object.assign(globalThis, globals);
  // Node has a navigator since version 21.
  if (globalThis.navigator === undefined)
    Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  Object.defineProperty(globalThis.navigator, 'gpu', { value: create(['backend=null']), configurable: true });
  const { problems } = await useFastWebgpu();

  const network = createNetwork('unet', { inChannels: 1, outChannels: 2, features });
  const model = hypernetize(network, { predict: 'convolutions' });
  const image = randomNormal([batch, size, size, 1]);
  const labels = zeros([batch, size, size], 'int32');
  const optimizer = adam();
  const factors = Rng.fromSeed(1);
  let params = initialize(model.specs, Rng.fromSeed(1));
  let state = optimizer.init(params);
  const train = async (step: number): Promise<void> => {
    const factor = flags.draw ? factors.uniform() : 0.5;
    const { value, gradients } = valueAndGradients(
      params,
      (now): Scalar => crossEntropy(model.apply(now, image, setting(factor)), labels),
    );
    const norm = globalNorm(gradients);
    await Promise.all([value.data(), norm.data()]);
    // All numbers are zero there: a gradient is multiplied by something, whatever its norm.
    const now = { step, learningRate: 1e-3, overwrite: true, gradientScale: 0.5 };
    const next = optimizer.update(gradients, state, params, now);
    dispose([value, norm]);
    for (const tree of [gradients, params, state]) disposeParams(tree);
    ({ params, state } = next);
  };

  const half = Math.floor(steps / 2);
  for (let step = 0; step < half; step++) await train(step);
  const times: number[] = [];
  for (let step = half; step < steps; step++) {
    const before = process.cpuUsage();
    await train(step);
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  times.sort((a, b) => a - b);
  const calls = timeCalls();
  for (let step = steps; step < steps + half; step++) await train(step);
  const programs = calls.get('dispatchWorkgroups')!.count / half;
  const median = times[half >> 1]!;
  console.log(`${median.toFixed(2)} ms of processor time a step: median of ${half}`);
  console.log(`${programs} programs, ${((1000 * median) / programs).toFixed(1)} µs each\n`);
  console.log('| calls of the device | a step | µs each | ms |\n| --- | --- | --- | --- |');
  for (const [name, { count, ms }] of [...calls].sort(([, a], [, b]) => b.ms - a.ms)) {
    console.log(
      `| ${name} | ${count / half} | ${((1000 * ms) / count).toFixed(1)} | ${(ms / half).toFixed(2)} |`,
    );
  }
  console.log(`\n${JSON.stringify(memory())}`);
  for (const problem of problems) console.log(problem);
  // Else Dawn would keep the process.
  process.exit();
}

/** How often each call of the device is made from now on, and how long they take together. */
function timeCalls(): Map<string, { count: number; ms: number }> {
  const calls = new Map<string, { count: number; ms: number }>();
  const prototypes = [
    GPUDevice,
    GPUQueue,
    GPUCommandEncoder,
    GPUComputePassEncoder,
    GPUComputePipeline,
    GPUBuffer,
  ].map(({ prototype }) => prototype as unknown as Record<string, (...args: unknown[]) => unknown>);
  for (const prototype of prototypes) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name === 'constructor' || typeof value !== 'function') continue;
      prototype[name] = function (this: unknown, ...args) {
        const start = performance.now();
        const result = (value as (...args: unknown[]) => unknown).apply(this, args);
        const call = calls.get(name) ?? { count: 0, ms: 0 };
        calls.set(name, { count: call.count + 1, ms: call.ms + performance.now() - start });
        return result;
      };
    }
  }
  return calls;
}
