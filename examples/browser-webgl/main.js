import { useFastWebgl } from '@sshn/backend-webgl';
import { paramTree, setting } from '@sshn/core';
import { diceScore, predictLabels } from '@sshn/losses';
import { fetchModel, networkOf } from '@sshn/model';
import { browser, dispose, div, expandDims, tidy } from '@tensorflow/tfjs-core';

const element = (id) => document.getElementById(id);
const say = (id, text) => {
  element(id).textContent = text;
};
/** Of background, cytoplasm and nucleus; red, green, blue. */
const colors = [
  [235, 235, 235],
  [0, 158, 115],
  [213, 94, 0],
];

try {
  // 1. The graphics card, and the model: a hypernetwork that predicts a U-Net's weights from the factor.
  const { renderer, isSoftware, precision } = await useFastWebgl();
  const { manifest, params } = await fetchModel('node_modules/@sshn/zoo/models/cells.safetensors');
  const model = networkOf(manifest);
  const hyperparams = paramTree(model.specs, params);
  say('status', `${renderer}${isSoftware ? ', in software' : ''}; ${precision} precision.`);

  // 2. A picture as a tensor [1, height, width, 3] with values from 0 to 1, and its true labels.
  let input;
  let truth;
  let shown;
  async function showSample(name) {
    const [image, labels] = await Promise.all([
      pixelsOf(`samples/${name}.png`),
      pixelsOf(`samples/${name}-labels.png`),
    ]);
    shown = name;
    input?.dispose();
    input = tidy(() => expandDims(div(browser.fromPixels(image), 255)));
    truth = Uint8Array.from({ length: labels.width * labels.height }, (_, i) => labels.data[4 * i]);
    draw('image', image);
    draw('truth', paint(truth, image));
  }

  // 3. Weights for a factor, and with them the labels. The weights are an ordinary U-Net's: whoever segments many
  //    pictures at one factor keeps them.
  async function segment() {
    const factor = Number(element('factor').value);
    const at = setting(factor);
    const began = performance.now();
    const weights = model.specialize(hyperparams, at);
    const predicted = tidy(() => predictLabels(model.network.apply(weights, input, at)));
    const labels = await predicted.data(); // Waits for the graphics card.
    const milliseconds = performance.now() - began;
    dispose([predicted, weights]);

    const [, height, width] = input.shape;
    draw('predicted', paint(labels, { width, height }));
    const { mean } = diceScore(labels, truth, { labels: manifest.labels.length });
    say(
      'result',
      `Picture ${shown}, φ = ${factor}: Dice ${mean.toFixed(3)} in ${milliseconds.toFixed(0)} ms`,
    );
  }

  // 4. One segmentation after the other: a slider moves faster than some cards compute.
  let work = showSample('0').then(segment);
  const then = (step) => {
    work = work.then(step).catch(fail);
  };
  element('factor').addEventListener('input', () => then(segment));
  element('sample').addEventListener('change', () =>
    then(() => showSample(element('sample').value).then(segment)),
  );
  await work;
} catch (error) {
  fail(error);
}

function fail(error) {
  say('status', error.message);
  throw error;
}

/** The pixels of a picture on the server, as they are in the file. */
async function pixelsOf(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} is not there: run \`npm run samples\` first.`);
  const bitmap = await createImageBitmap(await response.blob(), { colorSpaceConversion: 'none' });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

/** Labels in their colors. */
function paint(labels, { width, height }) {
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (const [i, label] of labels.entries()) pixels.set([...colors[label], 255], 4 * i);
  return new ImageData(pixels, width, height);
}

function draw(id, pixels) {
  const canvas = element(id);
  [canvas.width, canvas.height] = [pixels.width, pixels.height];
  canvas.getContext('2d').putImageData(pixels, 0, 0);
}
