import { generatePhantoms } from '@sshn/data';
import type { Segmentation } from './messages.js';
import { Segmenter } from './segmenter.js';

const element = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind;
const say = (id: string, text: string) => {
  element(id).textContent = text;
};
/** Of background, cytoplasm and nucleus. */
const colors = [
  [235, 235, 235],
  [0, 158, 115],
  [213, 94, 0],
] as const;
/** Pictures that the training has not seen. */
const phantoms = generatePhantoms({ kind: 'cells', count: 1000, size: [64, 64], seed: 99 });

const segmenter = new Segmenter();
let shown = 0;
let picture: ImageData | ImageBitmap = await phantom(shown);

const factorNow = () => Number(element<HTMLInputElement>('factor').value);

/** Segments the picture; while it does, the page is free: only the newest wish is worth an answer. */
async function refresh(): Promise<void> {
  draw('image', picture);
  const wished = picture;
  const factor = factorNow();
  // A bitmap of its own for the Worker, since what is handed over is gone here.
  const segmentation = await segmenter.segment(await createImageBitmap(picture), factor);
  if (wished !== picture || factor !== factorNow()) return;
  draw('predicted', paint(segmentation));
  say(
    'result',
    `Picture ${shown}, φ = ${factor}: ${shares(segmentation)}; ${segmentation.milliseconds.toFixed(1)} ms in the Worker`,
  );
}

element('factor').addEventListener('input', () => refresh().catch(fail));
element('next').addEventListener('click', async () => {
  shown++;
  picture = await phantom(shown);
  await refresh().catch(fail);
});
element<HTMLInputElement>('file').addEventListener('change', async ({ target }) => {
  const file = (target as HTMLInputElement).files?.[0];
  if (file === undefined) return;
  picture = await createImageBitmap(file);
  await refresh().catch(fail);
});

// Many pictures, one behind the other, while the page counts its own frames: they do not stop.
element('many').addEventListener('click', async () => {
  let frames = 0;
  let isRunning = true;
  const count = () => {
    frames++;
    if (isRunning) requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
  const began = performance.now();
  const bitmaps = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => createImageBitmap(await phantom(i))),
  );
  await Promise.all(bitmaps.map((bitmap) => segmenter.segment(bitmap, factorNow()))).catch(fail);
  isRunning = false;
  const seconds = (performance.now() - began) / 1000;
  const left = bitmaps.filter(({ width }) => width > 0).length;
  say(
    'pace',
    `50 pictures in ${seconds.toFixed(2)} s, ${frames} frames of the page meanwhile, ${left} pictures copied.`,
  );
});

segmenter.ready.then(({ backend }) => say('status', `In the Worker: ${backend}.`), fail);
await refresh().catch(fail);

function fail(error: Error): void {
  say('status', error.message);
}

/** A generated picture as a canvas holds it. */
async function phantom(number: number): Promise<ImageData> {
  const { image } = await phantoms.load(phantoms.ids[number % phantoms.ids.length]!);
  const [height, width] = image.size as [number, number];
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let color = 0; color < 3; color++) pixels.data[4 * i + color] = 255 * image.values[3 * i + color]!;
    pixels.data[4 * i + 3] = 255;
  }
  return pixels;
}

/** Labels in their colors. */
function paint({ labels, width, height }: Segmentation): ImageData {
  const pixels = new ImageData(width, height);
  for (const [i, label] of labels.entries()) pixels.data.set([...colors[label]!, 255], 4 * i);
  return pixels;
}

/** How much of the picture each label takes. */
function shares({ labels }: Segmentation): string {
  const percent = (label: number) =>
    ((100 * labels.filter((value) => value === label).length) / labels.length).toFixed(1);
  return `cytoplasm ${percent(1)} %, nucleus ${percent(2)} %`;
}

function draw(id: string, pixels: ImageData | ImageBitmap): void {
  const canvas = element<HTMLCanvasElement>(id);
  [canvas.width, canvas.height] = [pixels.width, pixels.height];
  const context = canvas.getContext('2d')!;
  if (pixels instanceof ImageData) context.putImageData(pixels, 0, 0);
  else context.drawImage(pixels, 0, 0);
}
