import { readFile } from 'node:fs/promises';
import type { numpy } from '@jax-js/jax';
import type { InferenceJob, Network } from '../work/job.js';
import { floats, rawTensor } from '../work/values.js';
import type { Tensors } from '../work/work.js';
import { channelsFirst, channelsLast, outputsFirst } from './onnx/layout.js';
import { Absent, type Prepared, Unsupported } from './program.js';
import { serve } from './serve.js';

type Jax = typeof import('@jax-js/jax');
type JaxArray = numpy.Array;

let jax: Jax;

/** jax-js, whose kernels are compiled to WebAssembly while it runs: one thread in Node. */
await serve({
  async start(threads) {
    if (threads > 1) throw new Absent('has one thread in Node');
    jax = await import('@jax-js/jax').catch((cause) => {
      throw new Absent(`not installed (${cause instanceof Error ? cause.message : cause})`);
    });
    await jax.init('wasm');
    jax.defaultDevice('wasm');
    const manifest = new URL('../package.json', import.meta.resolve('@jax-js/jax'));
    return JSON.parse(await readFile(manifest, 'utf8')).version;
  },
  prepare(job, inputs) {
    if (job.kind === 'inference' && job.network.rank === 2 && job.factor === 0.25)
      return prepareInference(job, inputs);
    throw new Unsupported('takes 25 s for an inference of the U-Net, and is compared at φ = 0.25 only');
  },
});

/** The whole network as one compiled function. */
function prepareInference({ network }: InferenceJob, inputs: Tensors): Prepared {
  const names = [...inputs.keys()];
  const arrays = [...inputs].map(([name, tensor]) => {
    const { data, shape } = name.endsWith('.kernel')
      ? outputsFirst(tensor)
      : name === 'image'
        ? channelsFirst(tensor)
        : tensor;
    return jax.numpy.array(floats({ dtype: 'F32', data, shape })).reshape([...shape]);
  });
  const infer = jax.jit((...values: JaxArray[]) =>
    unet(network, new Map(values.map((value, i) => [names[i]!, value]))),
  );
  const logits = () => infer(...arrays.map((array) => array.ref)) as JaxArray;
  return {
    outputs() {
      const y = logits();
      const { shape } = y;
      return new Map([['logits', channelsLast(rawTensor(y.dataSync() as Float32Array, shape))]]);
    },
    run: async () => void (await logits().data()),
    release() {
      for (const array of arrays) array.dispose();
      infer.dispose();
    },
  };
}

function unet({ slope, sizes }: Network, values: ReadonlyMap<string, JaxArray>): JaxArray {
  const { lax, nn, numpy: np } = jax;
  const take = (name: string) => values.get(name)!.ref;
  const layer = (path: string, x: JaxArray): JaxArray =>
    lax.conv(x, take(`${path}.kernel`), [1, 1], 'SAME').add(take(`${path}.bias`).reshape([1, -1, 1, 1]));
  const stage = (path: string, x: JaxArray): JaxArray =>
    [0, 1].reduce((y, i) => nn.leakyRelu(layer(`${path}.${i}`, y), slope), x);
  const resize = (x: JaxArray, size: readonly number[]): JaxArray =>
    size.reduce((y, outSize, axis) => {
      const inSize = y.shape[axis + 2]!;
      if (inSize === outSize) return y;
      // The axis goes to the end: [out] are sums over [in].
      const summed = np.tensordot(y, np.array(interpolation(inSize, outSize)).reshape([outSize, inSize]), [
        [axis + 2],
        [1],
      ]) as JaxArray;
      return np.moveaxis(summed, 3, axis + 2);
    }, x);

  let x = take('image');
  const skips = sizes.map((size, level) => {
    x = stage(`encoder.${level}`, level === 0 ? x : resize(x, size));
    return x.ref;
  });
  skips.pop()!.dispose();
  for (let level = sizes.length - 2; level >= 0; level--) {
    x = stage(`decoder.${level}`, np.concatenate([resize(x, sizes[level]!), skips[level]!], 1));
  }
  return layer('head', x);
}

/** Linear interpolation along an axis, half pixels at the ends, as a matrix `[outSize, inSize]`. */
function interpolation(inSize: number, outSize: number): Float32Array {
  const matrix = new Float32Array(outSize * inSize);
  for (let o = 0; o < outSize; o++) {
    const place = Math.min(Math.max((o + 0.5) * (inSize / outSize) - 0.5, 0), inSize - 1);
    const low = Math.floor(place);
    matrix[o * inSize + low]! += 1 - (place - low);
    if (place > low) matrix[o * inSize + low + 1]! += place - low;
  }
  return matrix;
}
