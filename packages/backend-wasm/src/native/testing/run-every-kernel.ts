import { writeFile } from 'node:fs/promises';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { backend } from '@tensorflow/tfjs-core';

import { useFastWasm } from '../../node/index.js';
import type { NativeBuild } from '../compile.js';
import { loadNative } from '../index.js';
import { everyKernel } from './every-kernel.js';
import { take } from './native.js';

// A program: node run-every-kernel.mjs BUILD FILE. Writes the results of every kernel to a file, one behind the other, and prints
// their lengths and what `useFastWasm` has chosen.
const [build, file] = process.argv.slice(2) as [NativeBuild, string];
const { simd, simdReason, threads, limits } = await useFastWasm({
  threads: 2,
  reproducible: build === 'fixed',
});
const native = await loadNative(backend() as BackendWasm, { threads: 2, build });
const values = everyKernel(native).map(take);
await writeFile(file, Buffer.concat(values.map(({ buffer }) => Buffer.from(buffer))));
const lengths = values.map(({ length }) => length);
console.log(JSON.stringify({ simd, simdReason, threads, limits, lengths }));
native.dispose();
