import { BackendChooser } from './backend-chooser.js';
import { Compute } from './compute.js';
import { attempt, offerWasm } from './errors.js';
import { LazyTabs } from './lazy-tabs.js';
import { fetchPackaged, packagedName } from './packaged.js';
import { wireRegistration } from './register/register-tab.js';
import { SegmentTab } from './segment/segment-tab.js';
import { wireTabs } from './tabs.js';
import { wireTraining } from './train/train-tab.js';

const compute = new Compute();
const segmenting = new SegmentTab(compute, async (files) => {
  tabs.show('tab-volume');
  await lazy.openVolumeFiles(files);
});
const chooser = new BackendChooser(compute, () => segmenting.backendChanged());
offerWasm(() => chooser.start('wasm'));
const lazy = new LazyTabs(() => chooser.backend);
const tabs = wireTabs(document.querySelector('[role=tablist]')!, (id) => lazy.selected(id));

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
  await segmenting.openModel(await fetchPackaged('cells'), packagedName('cells'));
});

// The dev server has no such file, and no need of one.
if (import.meta.env.PROD && 'serviceWorker' in navigator)
  void navigator.serviceWorker.register('sw.js').catch(() => undefined);
