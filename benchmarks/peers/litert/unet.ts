import type { InferenceJob } from '../../work/job.js';
import type { Tensors } from '../../work/work.js';
import { permuted } from '../onnx/layout.js';
import { LitertGraph } from './graph.js';

/** The U-Net of a job with its weights, of one image, as a TensorFlow Lite model. */
export function litertUnet({ network }: InferenceJob, weights: Tensors): Uint8Array {
  const { features, inChannels, outChannels, slope, sizes } = network;
  const graph = new LitertGraph();
  const shapeOf = (level: number, channels = features) => [1, ...sizes[level]!, channels];
  const layer = (path: string, x: number, shape: readonly number[]): number => {
    const kernel = permuted(weights.get(`${path}.kernel`)!, [3, 0, 1, 2]);
    return graph.convolution(x, graph.weights(kernel), graph.weights(weights.get(`${path}.bias`)!), shape);
  };
  const stage = (path: string, level: number, x: number): number =>
    [0, 1].reduce((y, i) => {
      const shape = shapeOf(level);
      return graph.leakyRelu(layer(`${path}.${i}`, y, shape), slope, shape);
    }, x);

  const image = graph.value(shapeOf(0, inChannels));
  let x = image;
  const skips = sizes.map((_, level) => {
    x = stage(`encoder.${level}`, level, level === 0 ? x : graph.resizeBilinear(x, shapeOf(level)));
    return x;
  });
  for (let level = sizes.length - 2; level >= 0; level--) {
    const up = graph.resizeBilinear(x, shapeOf(level));
    x = stage(
      `decoder.${level}`,
      level,
      graph.concatenation([up, skips[level]!], shapeOf(level, 2 * features)),
    );
  }
  return graph.model(image, layer('head', x, shapeOf(0, outChannels)));
}
