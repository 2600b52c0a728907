import { type BackendName, type BackendWish, backendNames } from '../worker/protocol.js';
import type { Compute } from './compute.js';
import { element, fillOptions, select } from './element.js';
import { attempt } from './errors.js';

/** Lets a person choose what computes; a backend that does not start leaves the one before in place. */
export class BackendChooser {
  private current: BackendName = 'wasm';

  constructor(
    private readonly compute: Compute,
    private readonly onChange: () => Promise<void>,
  ) {
    fillOptions(select('backend'), [...backendNames.filter(isThere), 'auto']);
    select('backend').addEventListener('change', () =>
      attempt(() => this.start(select('backend').value as BackendWish)),
    );
  }

  get backend(): BackendName {
    return this.current;
  }

  async start(backend: BackendWish): Promise<void> {
    const detail = element('backend-detail');
    const before = detail.textContent;
    detail.textContent = backend === 'auto' ? 'measuring …' : `starting ${backend} …`;
    try {
      const status = await this.compute.call('start', { backend });
      this.current = status.backend;
      await this.onChange();
      detail.textContent = status.detail;
    } catch (error) {
      detail.textContent = before;
      throw error;
    } finally {
      select('backend').value = this.current;
    }
  }
}

function isThere(backend: BackendName): boolean {
  return backend !== 'webgpu' || 'gpu' in navigator;
}
