import { BackendChooser } from './backend-chooser.js';
import { Compute } from './compute.js';
import { attempt } from './errors.js';
import { wireRegistration } from './register/register-tab.js';
import { SegmentTab } from './segment/segment-tab.js';
import { wireTabs } from './tabs.js';
import { wireTraining } from './train/train-tab.js';

const packagedModel = 'cells.safetensors';

const compute = new Compute();
const tabs = wireTabs(document.querySelector('[role=tablist]')!);
const segmenting = new SegmentTab(compute);
const chooser = new BackendChooser(compute, () => segmenting.backendChanged());

wireTraining(
  () => chooser.backend,
  async (bytes, name) => {
    await segmenting.openModel(bytes, name);
    tabs.show('tab-segment');
  },
);
wireRegistration(() => chooser.backend);

void attempt(async () => {
  await chooser.start('wasm');
  const response = await fetch(packagedModel);
  if (!response.ok)
    throw new Error(`${packagedModel}: the server answered ${response.status}. Reload the page.`);
  await segmenting.openModel(new Uint8Array(await response.arrayBuffer()), packagedModel);
});

// The dev server has no such file, and no need of one.
if (import.meta.env.PROD && 'serviceWorker' in navigator)
  void navigator.serviceWorker.register('sw.js').catch(() => undefined);
