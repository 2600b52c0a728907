// Fits to generated images how sure the models that segment are of their answers, and stores it in their files:
// pnpm --dir packages/zoo sureness
import { useFastWasm } from '@sshn/backend-wasm';
import { updateManifest } from '@sshn/model/node';
import { Segmenter } from '@sshn/predict';
import { openModel } from '@sshn/predict/node';
import { modelNames } from '../src/models.js';
import { modelPath } from '../src/node/index.js';
import { cascadeOf } from './cascade.js';

await useFastWasm({ threads: 1 });
for (const name of modelNames) {
  const path = modelPath(name);
  using model = await openModel(path);
  if (!(model instanceof Segmenter)) continue;
  const cascade = await cascadeOf(model, name);
  for (const { factor, dice, error } of cascade.rungs)
    console.log(`${name}: φ ${String(factor)}  Dice ${dice.toFixed(3)}, predicted to ${error.toFixed(3)}`);
  await updateManifest(path, (manifest) => ({ ...manifest, cascade }));
}
