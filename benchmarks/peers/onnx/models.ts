import type { ConvolutionJob, InferenceJob, Network } from '../../work/job.js';
import type { Tensors } from '../../work/work.js';
import { OnnxGraph } from './graph.js';
import { outputsFirst } from './layout.js';

/** An ONNX model with one input and one output, channels first. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  /** @default 'x' */
  readonly inputName?: string;
  readonly outputName: string;
  readonly outputShape: readonly number[];
}

/** A convolution alone. */
export function convolutionModel({ x, kernel }: ConvolutionJob, inputs: Tensors): OnnxModel {
  const [batch, height, width, inChannels] = x as [number, number, number, number];
  const graph = new OnnxGraph();
  const image = graph.input('x', [batch, inChannels, height, width]);
  const outputName = graph.node(
    'Conv',
    [image, graph.weights(outputsFirst(inputs.get('kernel')!))],
    window(kernel.slice(0, 2)),
  );
  const outputShape = [batch, kernel[3]!, height, width];
  return { bytes: graph.model(outputName, outputShape), outputName, outputShape };
}

/** The U-Net of a job with its weights. */
export function unetModel({ network }: InferenceJob, inputs: Tensors): OnnxModel {
  const { sizes, inChannels, outChannels } = network;
  const graph = new OnnxGraph();
  const outputName = appendUnet(graph, network, inputs, graph.input('x', [1, inChannels, ...sizes[0]!]));
  const outputShape = [1, outChannels, ...sizes[0]!];
  return { bytes: graph.model(outputName, outputShape), outputName, outputShape };
}

function appendUnet(
  graph: OnnxGraph,
  { features, slope, sizes }: Network,
  weights: Tensors,
  image: string,
): string {
  const layer = (path: string, x: string): string => {
    const kernel = weights.get(`${path}.kernel`)!;
    const operands = [x, graph.weights(outputsFirst(kernel)), graph.weights(weights.get(`${path}.bias`)!)];
    return graph.node('Conv', operands, window(kernel.shape.slice(0, -2)));
  };
  const stage = (path: string, x: string): string =>
    [0, 1].reduce(
      (y, i) => graph.node('LeakyRelu', [layer(`${path}.${i}`, y)], { floats: { alpha: slope } }),
      x,
    );
  const resize = (x: string, size: readonly number[]): string =>
    graph.node('Resize', [x, '', '', graph.integers([1, features, ...size])], {
      strings: { mode: 'linear', coordinate_transformation_mode: 'half_pixel' },
    });

  let x = image;
  const skips = sizes.map((size, level) => {
    x = stage(`encoder.${level}`, level === 0 ? x : resize(x, size));
    return x;
  });
  for (let level = sizes.length - 2; level >= 0; level--) {
    const joined = graph.node('Concat', [resize(x, sizes[level]!), skips[level]!], { ints: { axis: 1 } });
    x = stage(`decoder.${level}`, joined);
  }
  return layer('head', x);
}

/** Padding that keeps the size. */
function window(edges: readonly number[]) {
  const margins = edges.map((edge) => (edge - 1) / 2);
  return { ints: { kernel_shape: edges, pads: [...margins, ...margins] } };
}
