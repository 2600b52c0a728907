import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.mjs';

/** Uses installed packages in plain Node, without any of our settings; what goes wrong, as lines of text. */
export async function useInstalled(tarballs, project) {
  const entries = tarballs.flatMap(({ name, manifest }) =>
    Object.keys(manifest.exports)
      .filter((path) => path !== './package.json' && !path.includes('*'))
      .map((path) => `${name}${path.slice(1)}`),
  );
  const steps = {
    'every entry can be imported and required, with the same exports': [
      'exports.mjs',
      exportsProgram(entries),
    ],
    'an SSHN trains two steps from ES modules': ['train.mjs', trainProgram],
    'an SSHN trains two steps from CommonJS': ['train.cjs', asCommonJs(trainProgram)],
  };
  const faults = [];
  const report = (what, { ok, output }) => {
    console.log(`${ok ? '✓' : '✗'} ${what}`);
    if (!ok) faults.push(`${what}:\n${output}`);
  };
  for (const [what, [file, code]] of Object.entries(steps)) {
    await writeFile(join(project, file), code);
    report(what, await run(process.execPath, [file], project));
  }
  for (const { manifest } of tarballs) {
    for (const command of Object.keys(manifest.bin ?? {}))
      report(
        `${command} --help`,
        await run(join(project, 'node_modules/.bin', command), ['--help'], project),
      );
  }
  return faults;
}

const exportsProgram = (entries) => `
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
for (const entry of ${JSON.stringify(entries)}) {
  const names = Object.keys(await import(entry)).sort();
  assert.notEqual(names.length, 0, entry + ' exports nothing');
  assert.deepEqual(Object.keys(require(entry)).sort(), names, entry);
}
`;

const trainProgram = `
import '@tensorflow/tfjs-backend-cpu';
import { unet } from '@sshn/architectures';
import { initialize, Rng, setting } from '@sshn/core';
import { valueAndGradients } from '@sshn/ops';
import { generatePhantoms } from '@sshn/data';
import { hypernetize } from '@sshn/hypernet';
import { crossEntropy } from '@sshn/losses';
import { adam } from '@sshn/optim';
import { tensor } from '@tensorflow/tfjs-core';

async function main() {
  const phantoms = generatePhantoms({ kind: 'cells', count: 1, size: [16, 16], seed: 1 });
  const { image, labels } = await phantoms.load(phantoms.ids[0]);
  const x = tensor(image.values, [1, 16, 16, image.channels]);
  const y = tensor(Int32Array.from(labels.values), [1, 16, 16], 'int32');

  const config = { inChannels: image.channels, outChannels: phantoms.labelNames.length, features: 2, stages: 3 };
  const model = hypernetize(unet(config), { predict: 'convolutions' });
  const optimizer = adam();
  let params = initialize(model.specs, Rng.fromSeed(1));
  let state = optimizer.init(params);
  const losses = [];
  for (let step = 0; step < 2; step++) {
    const { value, gradients } = valueAndGradients(params, (p) =>
      crossEntropy(model.apply(p, x, setting(0.3)), y),
    );
    ({ params, state } = optimizer.update(gradients, state, params, { step, learningRate: 0.01 }));
    losses.push(value.dataSync()[0]);
  }
  if (!(losses[1] < losses[0])) throw new Error('The loss does not fall: ' + losses);
}
main();
`;

function asCommonJs(code) {
  return code
    .replaceAll(/^import (\{.*\}) from (.*);$/gm, 'const $1 = require($2);')
    .replaceAll(/^import (.*);$/gm, 'require($1);');
}
