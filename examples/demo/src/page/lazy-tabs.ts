import type { BackendName } from '../worker/protocol.js';
import { element } from './element.js';
import { attempt } from './errors.js';
import type { StreamTab } from './stream/stream-tab.js';
import type { VolumeTab } from './volume/volume-tab.js';

/** The tabs whose code is loaded when they are first opened: most visitors see the first view alone. */
export class LazyTabs {
  private stream: Promise<StreamTab> | undefined;
  private volume: Promise<VolumeTab> | undefined;

  constructor(private readonly backend: () => BackendName) {}

  /** Does what choosing a tab asks for. */
  selected(id: string): void {
    if (id === 'tab-stream') void attempt(async () => void (await this.openStream()));
    else void this.stream?.then((tab) => tab.stop());
    if (id === 'tab-volume') void attempt(async () => void (await this.openVolumes()));
  }

  /** Opens a person's volume in its tab, which is to be shown already. */
  async openVolumeFiles(files: readonly File[]): Promise<void> {
    const tab = await this.openVolumes();
    await tab.openFiles(files);
  }

  private openStream(): Promise<StreamTab> {
    this.stream ??= import('./stream/stream-tab.js').then(
      ({ StreamTab }) => new StreamTab(element('panel-stream'), this.backend),
    );
    return this.stream;
  }

  private async openVolumes(): Promise<VolumeTab> {
    this.volume ??= import('./volume/volume-tab.js').then(
      ({ VolumeTab }) => new VolumeTab(element('panel-volume'), this.backend),
    );
    const tab = await this.volume;
    await tab.show();
    return tab;
  }
}
