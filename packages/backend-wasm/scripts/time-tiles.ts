/**
 * Times 3×3 convolutions by Winograd's F(4×4, 3×3) and F(6×6, 3×3): median milliseconds of turns that alternate, the median share of the
 * second in the first, which of them `conv` takes, and how far the results differ, beside the largest value. On one thread
 * processor time, on more the clock's.
 *
 *   npx tsx --conditions @sshn/source packages/backend-wasm/scripts/time-tiles.ts [threads] [build] [sizes, as 64,256]
 */
import '@tensorflow/tfjs-backend-wasm';
import { randomNormal, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { fasterTile } from '../src/native/conv.js';
import { convGeometry } from '../src/native/conv-geometry.js';
import { convWinograd, type TileEdge } from '../src/native/conv-winograd.js';
import { loadNative } from '../src/native/index.js';
import type { NativeSettings } from '../src/native/module.js';
import { sharedBackendForTests } from '../src/native/testing/shared.js';

const TURNS = 21;

/** Multiply-adds of one measurement, about. */
const WORK = 1e8;

const CHANNELS = [
  [8, 8],
  [16, 16],
  [32, 32],
  [64, 32],
  [64, 64],
  [128, 128],
] as const;

const [count, build, sizes = '12,16,24,32,48,64,96,128,256'] = process.argv.slice(2);
const threads = Number(count ?? 1);
const wasm = await sharedBackendForTests();
const native = await loadNative(wasm, { threads, ...(build && { build: build as NativeSettings['build'] }) });
const now = () => (threads === 1 ? process.cpuUsage().user / 1000 : performance.now());
const drop = ({ dataId }: TensorInfo) => wasm.disposeData(dataId);
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;

for (const size of sizes.split(',').map(Number))
  for (const [inChannels, outChannels] of CHANNELS) {
    const x: Tensor = randomNormal([1, size, size, inChannels]);
    const kernel: Tensor = randomNormal([3, 3, inChannels, outChannels]);
    const geometry = convGeometry(x.shape, kernel.shape);
    const pass = (tile: TileEdge) => {
      const y = native.output([1, size, size, outChannels]);
      const [from, to] = [native.address(x), native.address(y)];
      const weights = { kernel: native.address(kernel), kernelData: native.dataNumber(kernel) };
      const operands = { ...weights, x: from, y: to, bias: 0, slope: 0.01, isGradient: false };
      convWinograd(native, geometry, operands, tile);
      return y;
    };
    const differs = difference(await read(pass(4)), await read(pass(6)));
    const repeats = Math.max(1, Math.round(WORK / (9 * size * size * inChannels * outChannels)));
    const time = (tile: TileEdge) => {
      const began = now();
      for (let i = 0; i < repeats; i++) drop(pass(tile));
      return (now() - began) / repeats;
    };
    const turns = Array.from({ length: TURNS }, () => [time(4), time(6)] as const);
    const [four, six] = [0, 1].map((i) => median(turns.map((turn) => turn[i]!)).toFixed(3));
    const share = median(turns.map(([a, b]) => b / a)).toFixed(3);
    const taken = fasterTile(native, geometry);
    console.log(
      `${size}² ${inChannels}→${outChannels}`.padEnd(14),
      `${four} → ${six} ms, share ${share}, takes ${taken}, differs by ${differs.toExponential(1)}`,
    );
    for (const tensor of [x, kernel]) tensor.dispose();
  }
process.exit(0);

async function read(result: TensorInfo): Promise<Float32Array> {
  const values = new Float32Array((await wasm.read(result.dataId)) as Float32Array);
  drop(result);
  return values;
}

/** The largest difference, beside the largest value. */
function difference(wanted: Float32Array, got: Float32Array): number {
  const most = (values: Float32Array) =>
    values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return most(wanted.map((value, i) => value - got[i]!)) / most(wanted);
}
