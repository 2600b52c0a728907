/**
 * Times a 3×3 convolution of an upsampled map and a skip, `[1, size, size, channels]` each, forward and backward, with the map at
 * its own resolution ('apart') and upsampled and concatenated ('whole'): milliseconds, lowest of turns that alternate, and how far
 * the results differ, beside the largest value. On one thread processor time, on more the clock's.
 *
 *   npx tsx --conditions @sshn/source packages/backend-wasm/scripts/time-join.ts [threads] [channels] [size] [build]
 */
import '@tensorflow/tfjs-backend-wasm';
import { randomNormal, type TensorInfo } from '@tensorflow/tfjs-core';
import { convJoin, convJoinGrad, type JoinWay } from '../src/native/conv-join.js';
import { loadNative } from '../src/native/index.js';
import type { NativeSettings } from '../src/native/module.js';
import { sharedBackendForTests } from '../src/native/testing/shared.js';

const FACTORS = [0.02, 0.1, 0.25, 0.4, 0.5, 0.75];
const TURNS = 25;

const [threads = 1, channels = 32, size = 256] = process.argv.slice(2, 5).map(Number);
const build = process.argv[5] as NativeSettings['build'] | undefined;
const wasm = await sharedBackendForTests();
const native = await loadNative(wasm, { threads, ...(build && { build }) });
const now = () => (threads === 1 ? process.cpuUsage().user / 1000 : performance.now());
const drop = ({ dataId }: TensorInfo) => wasm.disposeData(dataId);

for (const factor of FACTORS) {
  const lowSize = Math.round(size * factor);
  const low = randomNormal([1, lowSize, lowSize, channels]);
  const skip = randomNormal([1, size, size, channels]);
  const kernel = randomNormal([3, 3, 2 * channels, channels]);
  const bias = randomNormal([channels]);
  const passes: Readonly<Record<string, (way: JoinWay) => readonly TensorInfo[]>> = {
    forward: (way) => [convJoin(native, { low, skip, kernel, bias }, 0.01, way)],
    backward: (way) => convJoinGrad(native, skip, { low, skip, kernel }, way),
  };
  const cells: string[] = [];
  for (const [name, pass] of Object.entries(passes)) {
    const [whole, apart] = [await read(pass('whole')), await read(pass('apart'))];
    const differences = whole.map((values, i) => difference(values, apart[i]!));
    const lowest = { whole: Infinity, apart: Infinity };
    for (let turn = 0; turn < TURNS; turn++)
      for (const way of ['whole', 'apart'] as const) {
        const began = now();
        const results = pass(way);
        lowest[way] = Math.min(lowest[way], now() - began);
        results.forEach(drop);
      }
    const worst = Math.max(...differences).toExponential(1);
    cells.push(`${name} ${lowest.whole.toFixed(1)} → ${lowest.apart.toFixed(1)} ms, differs by ${worst}`);
  }
  console.log(`φ ${factor}`.padEnd(8), cells.join('   '));
  for (const tensor of [low, skip, kernel, bias]) tensor.dispose();
}
process.exit(0);

async function read(results: readonly TensorInfo[]): Promise<Float32Array[]> {
  const values = await Promise.all(results.map(({ dataId }) => wasm.read(dataId)));
  results.forEach(drop);
  return values as Float32Array[];
}

/** The largest difference, beside the largest value. */
function difference(wanted: Float32Array, got: Float32Array): number {
  const most = (values: Float32Array) =>
    values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return most(wanted.map((value, i) => value - got[i]!)) / most(wanted);
}
