// Decodes files in so many threads as the argument says, and prints what comes out, a line of JSON for each part.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { FileError, Rng } from '@sshn/core';
import { decodersInThreads } from '../node/decode-threads.js';
import { openFolder } from '../node/open-folder.js';
import { encodeNifti } from '../volumes/nifti/encode.js';
import type { Volume } from '../volumes/volume.js';
import { buildPng } from './build.js';
import { dicomFile, without } from './dicom-files.js';
import { goldenImages } from './golden.js';

const threads = Number(process.argv[2]);
const rng = Rng.fromSeed(5);
const noise = (length: number, count = 256): number[] => Array.from({ length }, () => rng.integer(count));
const cut = (bytes: Uint8Array): Uint8Array => bytes.slice(0, -1000);
const flipped = (bytes: Uint8Array): Uint8Array => bytes.with(9000, bytes[9000]! ^ 4);

/** Threads that were started, and how many answers of theirs were of use. */
const workers: Worker[] = [];
let answers = 0;
process.on('worker', (worker) => {
  workers.push(worker);
  worker.on('message', (message) => {
    if (message !== undefined && message !== 'ready') answers++;
  });
});
const ready = () => Promise.all(workers.map((worker) => new Promise((tell) => worker.once('message', tell))));

/** What a promise gives, so that any two differ in print where they differ in a bit or in a word. */
async function outcomeOf(promise: Promise<object>): Promise<string> {
  const hash = createHash('sha256');
  try {
    const plain = JSON.stringify(await promise, (_, value) => {
      if (!ArrayBuffer.isView(value)) return value;
      hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      return value.constructor.name;
    });
    return `${plain} ${hash.digest('hex')}`;
  } catch (error) {
    const { path, problem, remedy } = error instanceof FileError ? error : {};
    const { name, message } = error as Error;
    return JSON.stringify({ name, message, path, problem, remedy });
  }
}

const grey = (width: number, height: number, count?: number) =>
  buildPng({
    width,
    height,
    bits: 8,
    colorType: 0,
    pixels: Array.from({ length: height }, (_, y) => [y % 5, ...noise(width, count)]).flat(),
  });
const color = buildPng({
  width: 83,
  height: 61,
  bits: 16,
  colorType: 6,
  pixels: Array.from({ length: 61 }, (_, y) => [(y + 2) % 5, ...noise(83 * 8)]).flat(),
});
const volume = (shape: Volume['shape']): Volume => ({
  data: Int16Array.from(noise(shape[0] * shape[1] * shape[2], 65536)),
  shape,
  spacingMm: [1, 2, 3],
  affine: [
    [0, 0, 3, 7],
    [0, -2, 0, 8],
    [1, 0, 0, -9],
  ],
});
const nifti = encodeNifti(volume([21, 34, 55]));
const plain = encodeNifti(volume([21, 34, 55]), { gzip: false });
const slice = (z: number, more: Parameters<typeof dicomFile>[1] = []) =>
  dicomFile(
    `${z}.dcm`,
    [[0x00280010, 'US', [60]], [0x00280011, 'US', [90]], [0x7fe00010, 'OW', noise(5400, 65536)], ...more],
    z,
  );
const series = [slice(2), slice(0), slice(1)];
const report = dicomFile('report', [
  [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.88.11'],
  without(0x7fe00010),
]);
const scaled = slice(0, [
  [0x00281052, 'DS', '-1024'],
  [0x00281053, 'DS', '1.5'],
]);
const { bytes: jpegBytes } = goldenImages.find(({ format }) => format === 'jpeg')!;
// What follows the image is passed over, and makes the file large enough for a thread.
const jpeg = new Uint8Array(2 ** 15);
jpeg.set(jpegBytes);

const decoders = decodersInThreads(threads);
const warnings: string[] = [];
const onWarning = (warning: string): void => void warnings.push(warning);
const all = (): Array<Promise<object>> => [
  decoders.decodeImage(grey(301, 203), 'grey.png'),
  decoders.decodeImage(color, 'color.png', { size: [20, 30], channels: 1 }),
  decoders.decodeImage(jpeg, 'a.jpg'),
  decoders.decodeDicom([scaled, slice(1), slice(2)]),
  decoders.decodeLabels(grey(301, 203, 4), 'labels.png'),
  decoders.decodeVolume(nifti, 'a.nii.gz'),
  decoders.decodeVolume(plain, 'a.nii', { frame: 0 }),
  decoders.decodeDicom([...series, report], { onWarning }),
  decoders.decodeImage(buildPng({ width: 2, height: 1, bits: 8, colorType: 0, pixels: [0, 3, 4] }), 's.png'),
  // Damaged, or refused.
  decoders.decodeImage(cut(color), 'cut.png'),
  decoders.decodeImage(flipped(color), 'flipped.png'),
  decoders.decodeImage(color, 'large.png', { maxPixels: 5062 }),
  decoders.decodeImage(new Uint8Array(20_000), 'zeros.png'),
  decoders.decodeLabels(color, 'color.png'),
  decoders.decodeLabels(jpeg, 'labels.jpg'),
  decoders.decodeVolume(cut(nifti), 'cut.nii.gz'),
  decoders.decodeVolume(flipped(nifti), 'flipped.nii.gz'),
  decoders.decodeVolume(nifti, 'frame.nii.gz', { frame: 1 }),
  decoders.decodeVolume(color, 'a.png'),
  decoders.decodeDicom([slice(0), slice(1), slice(5)], { onWarning }),
  decoders.decodeDicom([...series, { name: 'cut.dcm', bytes: cut(series[0]!.bytes) }]),
];

// So much that threads are started, if there are to be any.
const large = grey(2100, 2100);
const first = await outcomeOf(decoders.decodeImage(large, 'large.png'));
await sleep(1);
await ready();
const outcomes = await Promise.all(all().map(outcomeOf));
console.log(
  JSON.stringify({ first, outcomes, warnings, inputs: [large.length, color.length, nifti.length] }),
);
console.log(JSON.stringify({ started: workers.length, answers }));

// Threads that die at work, and are not there afterwards.
const underway = [large, large, large].map((bytes) => outcomeOf(decoders.decodeImage(bytes, 'large.png')));
for (const worker of workers) void worker.terminate();
console.log(
  JSON.stringify({
    died: [...(await Promise.all(underway)), await outcomeOf(decoders.decodeVolume(nifti, 'a.nii.gz'))],
  }),
);

// Threads keep no process from ending, and this one waits for them.
const awake = setInterval(() => {}, 1000);

// Of a dataset; its last volume is damaged.
const root = await mkdtemp(join(tmpdir(), 'sshn-decode-'));
try {
  for (const folder of ['images', 'labels']) await mkdir(join(root, folder));
  const labels = (shape: Volume['shape']): Volume => {
    const like = volume(shape);
    return { ...like, data: Uint8Array.from(like.data, (value) => value & 1) };
  };
  for (let i = 0; i < 9; i++) {
    const bytes = encodeNifti(volume([64, 64, 70]));
    await writeFile(join(root, `images/${i}.nii.gz`), i === 8 ? flipped(bytes) : bytes);
    await writeFile(join(root, `labels/${i}.nii.gz`), encodeNifti(labels([64, 64, 70])));
  }
  const before = answers;
  const dataset = await openFolder(root, { size: [20, 30, 40], decodeThreads: threads });
  const loaded = [];
  for (const id of dataset.ids) {
    loaded.push((await outcomeOf(dataset.load(id))).replaceAll(root, ''));
    // By now there was enough for threads; they are started when the newest says so.
    if (loaded.length === 7 && threads > 0) {
      await sleep(1);
      await new Promise((tell) => workers.at(-1)!.once('message', tell));
    }
  }
  console.log(JSON.stringify({ loaded }));
  const restedAt = performance.now();
  if (threads > 0) await new Promise((tell) => workers.at(-1)!.once('exit', tell));
  console.log(JSON.stringify({ inThreads: answers - before, rested: performance.now() - restedAt }));
} finally {
  await rm(root, { recursive: true });
}
clearInterval(awake);
// Nothing is ended here: threads that have nothing to do keep no process from ending.
void decoders.decodeImage(large, 'large.png');
