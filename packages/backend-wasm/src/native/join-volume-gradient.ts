import type { TensorInfo } from '@tensorflow/tfjs-core';
import { fasterGradient } from './conv.js';
import { convDirect, convKernelGradientDirect } from './conv-direct.js';
import { transposed } from './conv-geometry.js';
import { type Join, type JoinInputs, MARGIN, productsOf } from './join-forward.js';
import { gradientToSkip, pasteKernel, productGradients } from './join-gradient.js';
import {
  acrossDepth,
  mostRows,
  PLANE_BYTES,
  planesOf,
  planesRead,
  rowOf,
  runsOf,
  sliceBands,
} from './join-volume.js';
import type { NativeModule } from './module.js';

/** Gradients of `convJoin` of volumes to the map, the skip and the kernel, with the map at its own resolution. */
export function volumeBackward(
  native: NativeModule,
  join: Join,
  dy: TensorInfo,
  { low, skip, kernel }: JoinInputs,
): [TensorInfo, TensorInfo, TensorInfo] {
  const { lowDepth, lowHeight, lowWidth, lowChannels, depth, outChannels, taps, geometry, cuts } = join;
  const toLow = native.output(low.shape);
  const toSkip = gradientToSkip(native, join, dy, { skip, kernel });
  const toKernel = native.output(kernel.shape);
  const weights = { kernel: native.address(kernel), kernelData: native.dataNumber(kernel), isGradient: true };
  const most = Math.max(1, Math.min(lowHeight, mostRows(join)));
  const isWhole = most === lowHeight;
  const planes = planesOf(join, most, isWhole, Math.floor(PLANE_BYTES / (most * join.rowBytes)));
  const lowValues = lowChannels * taps * outChannels;
  const partBytes = Math.ceil(lowValues / 4) * 16;
  const skipBytes = 4 * taps * geometry.inChannels * outChannels;
  const block = native.allocate(planes.bytes + Math.max(skipBytes, 2 * partBytes) + MARGIN);
  const slices = block + planes.count * planes.stride;
  const total = block + planes.bytes;
  native.floats().fill(0, total / 4, (total + partBytes) / 4);

  /** Takes the gradients to planes `first` to before `end`, to which nothing is added any more, further. */
  const finish = (image: number, [firstRow, rows]: readonly [number, number], first: number, end: number) => {
    for (const [from, count] of runsOf(first, end, planes, isWhole)) {
      const product = productsOf(join, count * rows);
      const offset = rowOf(join, image, from, firstRow) * lowWidth * lowChannels * 4;
      const x = block + (from % planes.count) * planes.stride;
      const y = native.address(toLow) + offset;
      convDirect(native, transposed(product), { ...weights, cut: cuts.low, x, bias: 0, y, slope: 1 });
      const out = total + partBytes;
      convKernelGradientDirect(native, product, { x: native.address(low) + offset, dy: x, out });
      native.exports.addSlots(total, 2, total, lowValues);
    }
  };

  try {
    for (let image = 0; image < geometry.batch; image++)
      for (let firstRow = 0; firstRow < lowHeight; firstRow += most) {
        const rows = Math.min(most, lowHeight - firstRow);
        let [finished, opened] = [0, 0];
        for (const [first, end] of sliceBands(join, planes)) {
          const [needed, last] = planesRead(join, first, end);
          if (last - finished > planes.count) {
            finish(image, [firstRow, rows], finished, needed);
            finished = needed;
          }
          for (; opened < last; opened++) {
            const at = block + (opened % planes.count) * planes.stride;
            native.floats().fill(0, at / 4, (at + planes.stride) / 4);
          }
          const row = (image * depth + first) * lowHeight + firstRow;
          productGradients(native, join, native.address(dy), {
            first: row,
            end: row + (end - first - 1) * lowHeight + rows,
            products: slices,
          });
          acrossDepth(native, 'joinDepthGradient', join, { planes, rows, first, end, block, slices });
        }
        finish(image, [firstRow, rows], finished, lowDepth);
      }
    pasteKernel(native, join, cuts.low, total, native.address(toKernel));
    fasterGradient(geometry)(native, geometry, {
      x: native.address(skip),
      dy: native.address(dy),
      out: total,
    });
    pasteKernel(native, join, cuts.skip, total, native.address(toKernel));
  } finally {
    native.free(block);
  }
  return [toLow, toSkip, toKernel];
}
