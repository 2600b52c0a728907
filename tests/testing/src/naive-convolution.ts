import type { Tensor } from '@tensorflow/tfjs-core';

/** Convolution as its definition says it, in double precision; 3D, with 2D as the case of depth 1. */
export function naiveConvolution(x: Tensor, kernel: Tensor, bias: Tensor): number[] {
  const volume = (shape: number[], first: number) => [
    ...shape.slice(0, first),
    ...(shape.length === 4 ? [1] : []),
    ...shape.slice(first),
  ];
  const [batch, depth, height, width, inChannels] = volume(x.shape, 1) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const [kd, kh, kw, , outChannels] = volume(kernel.shape, 0) as [number, number, number, number, number];
  const [xs, ks, bs] = [x.dataSync(), kernel.dataSync(), bias.dataSync()];
  const inside = (n: number, size: number) => n >= 0 && n < size;
  const y: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let z = 0; z < depth; z++)
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++)
          for (let out = 0; out < outChannels; out++) {
            let sum = bs[out]!;
            for (let i = 0; i < kd; i++)
              for (let j = 0; j < kh; j++)
                for (let k = 0; k < kw; k++) {
                  const [p, q, r] = [z + i - (kd - 1) / 2, row + j - (kh - 1) / 2, column + k - (kw - 1) / 2];
                  if (!inside(p, depth) || !inside(q, height) || !inside(r, width)) continue;
                  for (let c = 0; c < inChannels; c++) {
                    sum +=
                      xs[(((b * depth + p) * height + q) * width + r) * inChannels + c]! *
                      ks[(((i * kh + j) * kw + k) * inChannels + c) * outChannels + out]!;
                  }
                }
            y.push(sum);
          }
  return y;
}
