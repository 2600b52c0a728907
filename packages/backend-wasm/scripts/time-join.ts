/**
 * Times a 3×3 convolution of an upsampled map and a skip, joined and as resize, concat and convolution: processor
 * milliseconds, lowest of many turns that alternate.
 *
 *   npx tsx --conditions @sshn/source packages/backend-wasm/scripts/time-join.ts [build] [threads]
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import '@tensorflow/tfjs-backend-wasm';
import {
  randomNormal,
  registerBackend,
  removeBackend,
  setBackend,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { createBackend } from '../src/heap/tfjs-backend.js';
import { conv, convGradInput, convGradKernel } from '../src/native/conv.js';
import { convJoin, convJoinGrad } from '../src/native/conv-join.js';
import { concat, split } from '../src/native/copies.js';
import { loadNative } from '../src/native/index.js';
import { resize, resizeGrad } from '../src/native/resize.js';

const { resolve } = createRequire(import.meta.url);
const binary = readFileSync(resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'));
const wasm = await createBackend(binary, { isShared: true });
removeBackend('wasm');
registerBackend('wasm', () => wasm);
await setBackend('wasm');
const build = (process.argv[2] ?? 'relaxed') as 'relaxed';
const native = await loadNative(wasm, { threads: Number(process.argv[3] ?? 1), build });
const drop = (t: TensorInfo) => wasm.disposeData(t.dataId);
const C = Number(process.argv[4] ?? 32),
  N = Number(process.argv[5] ?? 256);
for (const factor of [0.02, 0.1, 0.25, 0.4, 0.5, 0.75]) {
  const n = Math.round(N * factor);
  const low = randomNormal([1, n, n, C]),
    skip = randomNormal([1, N, N, C]);
  const kernel = randomNormal([3, 3, 2 * C, C]),
    bias = randomNormal([C]);
  const old = () => {
    const up = resize(native, low, [N, N]);
    const joined = concat(native, [up, skip], 3);
    drop(up);
    const y = conv(native, joined, kernel, { bias, slope: 0.01 });
    drop(joined);
    return y;
  };

  const passes: Record<string, () => TensorInfo> = {
    old,
    join: () => convJoin(native, { low, skip, kernel, bias }, 0.01, 'apart'),
    back() {
      const whole = convGradInput(native, skip, kernel);
      const [up, b] = split(native, whole, [C, C], 3);
      drop(whole);
      const c = resizeGrad(native, up!, [n, n]);
      drop(up!);
      const k = convGradKernel(native, kept, skip, [3, 3]);
      drop(c);
      drop(b!);
      return k;
    },
    backJoin() {
      const [a, b, k] = convJoinGrad(native, skip, { low, skip, kernel }, 'apart');
      drop(a);
      drop(b);
      return k;
    },
  };
  const up0 = resize(native, low, [N, N]);
  const kept = concat(native, [up0, skip], 3);
  drop(up0);
  const read = async (pass: () => TensorInfo) => {
    const t = pass();
    const v = (await wasm.read(t.dataId)) as Float32Array;
    drop(t);
    return v;
  };
  const forwards = await read(old),
    backwards = await read(passes.back!);
  const best: Record<string, number> = {};
  const errors: string[] = [];
  for (const [name, pass] of Object.entries(passes)) {
    const y = pass();
    const got = (await wasm.read(y.dataId)) as Float32Array;
    const expected = name.startsWith('back') ? backwards : forwards;
    let worst = 0,
      most = 0;
    for (let i = 0; i < got.length; i++) {
      worst = Math.max(worst, Math.abs(got[i]! - expected[i]!));
      most = Math.max(most, Math.abs(expected[i]!));
    }
    errors.push((worst / most).toExponential(1));
    drop(y);
    best[name] = Infinity;
  }
  for (let turn = 0; turn < 25; turn++)
    for (const [name, pass] of Object.entries(passes)) {
      const before =
        process.argv[3] && process.argv[3] !== '1' ? performance.now() : process.cpuUsage().user / 1e3;
      drop(pass());
      const after =
        process.argv[3] && process.argv[3] !== '1' ? performance.now() : process.cpuUsage().user / 1e3;
      best[name] = Math.min(best[name]!, after - before);
    }
  console.log(
    factor,
    Object.entries(best)
      .map(([k, v]) => `${k}: ${v.toFixed(1)}`)
      .join('  '),
    'errors',
    errors.join(' '),
  );
  for (const t of [low, skip, kernel, bias]) t.dispose();
  drop(kept);
}
process.exit(0);
