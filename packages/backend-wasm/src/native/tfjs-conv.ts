import { backend_util, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core';

import { conv, convGradInput, convGradKernel } from './conv.js';
import type { NativeModule } from './module.js';

type Shape4D = [number, number, number, number];

/** The attributes that the convolution kernels of tfjs share. */
interface ConvAttributes {
  readonly strides: number | [number, number];
  readonly pad:
    | 'valid'
    | 'same'
    | number
    | [[number, number], [number, number], [number, number], [number, number]];
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dilations?: number | [number, number];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly inputShape?: Shape4D;
  readonly filterShape?: Shape4D;
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}

/** The factor below zero of the activations that our kernels fuse. */
const SLOPES: Readonly<Record<string, (alpha: number) => number>> = {
  linear: () => 1,
  relu: () => 0,
  leakyrelu: (alpha) => alpha,
};

/** A tfjs convolution kernel of ours, and when it applies; elsewhere the kernel that it replaces runs. */
type Native = (
  native: NativeModule,
  inputs: Readonly<Record<string, TensorInfo | undefined>>,
  attributes: ConvAttributes,
) => TensorInfo | undefined;

const conv2d: Native = (native, { x, filter }, attributes) =>
  covers([x!, filter!], x!.shape, filter!.shape, attributes) ? conv(native, x!, filter!) : undefined;

const fusedConv2d: Native = (native, { x, filter, bias, preluActivationWeights }, attributes) => {
  const slope = SLOPES[attributes.activation ?? 'linear']?.(attributes.leakyreluAlpha ?? 0);
  const isPlainBias = bias === undefined || (bias.shape.length === 1 && bias.shape[0] === filter!.shape[3]);
  if (slope === undefined || slope < 0 || slope > 1 || !isPlainBias || preluActivationWeights !== undefined)
    return undefined;
  return covers([x!, filter!], x!.shape, filter!.shape, attributes)
    ? conv(native, x!, filter!, { bias, slope })
    : undefined;
};

const conv2dBackpropInput: Native = (native, { dy, filter }, attributes) =>
  covers([dy!, filter!], attributes.inputShape!, filter!.shape, attributes)
    ? convGradInput(native, dy!, filter!)
    : undefined;

const conv2dBackpropFilter: Native = (native, { x, dy }, attributes) =>
  covers([x!, dy!], x!.shape, attributes.filterShape!, attributes)
    ? convGradKernel(native, x!, dy!, attributes.filterShape!.slice(0, 2))
    : undefined;

const kernels: Readonly<Record<string, Native>> = {
  Conv2D: conv2d,
  FusedConv2D: fusedConv2d,
  Conv2DBackpropInput: conv2dBackpropInput,
  Conv2DBackpropFilter: conv2dBackpropFilter,
};

/** Names of the tfjs kernels that `tfjsConvKernel` replaces. */
export const tfjsConvNames: readonly string[] = Object.keys(kernels);

/** Our version of the tfjs kernel `name`, which hands what it does not cover to `previous`. */
export function tfjsConvKernel(
  native: NativeModule,
  name: string,
  previous: KernelFunc | undefined,
): KernelFunc {
  const run = kernels[name]!;
  return (call) => {
    const result = run(native, call.inputs, call.attrs as unknown as ConvAttributes);
    if (result !== undefined) return result;
    if (previous === undefined) {
      throw new RangeError(
        `${name}: the wasm backend has this kernel only for float32, channels last, stride 1, dilation 1, ` +
          `'same' padding and odd kernel edges; got ${JSON.stringify(call.attrs)}.`,
      );
    }
    return previous(call);
  };
}

/** Whether our kernels can do it: float32, channels last, stride and dilation 1, odd edges, same size. */
function covers(
  tensors: readonly TensorInfo[],
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dataFormat, dilations = 1, dimRoundingMode }: ConvAttributes,
): boolean {
  if (dataFormat !== 'NHWC' || tensors.some(({ dtype }) => dtype !== 'float32')) return false;
  if ([...inputShape, ...filterShape].includes(0)) return false;
  const info = backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
  return (
    info.strideHeight === 1 &&
    info.strideWidth === 1 &&
    info.dilationHeight === 1 &&
    info.dilationWidth === 1 &&
    info.padInfo.top * 2 + 1 === info.filterHeight &&
    info.padInfo.left * 2 + 1 === info.filterWidth &&
    info.outHeight === info.inHeight &&
    info.outWidth === info.inWidth
  );
}
