// Bundled and run in a page: chooses a backend by measuring, and remembers the choice in the page's storage.
import { useFastWasm } from '@sshn/backend-wasm';
import { useFastWebgpu } from '@sshn/backend-webgpu';
import { type BackendChoice, cacheStore, chooseBackend, storageStore } from '@sshn/model';

Object.assign(globalThis, {
  choose: (
    purpose: 'inference' | 'training',
    milliseconds: number,
    store: 'storage' | 'cache',
  ): Promise<BackendChoice> =>
    chooseBackend({
      candidates: [
        { name: 'wasm', start: () => useFastWasm({ wasmPaths: 'wasm/', threads: 1 }) },
        { name: 'webgpu', start: () => useFastWebgpu() },
      ],
      purpose,
      milliseconds,
      store: store === 'cache' ? cacheStore() : storageStore(),
    }),
});
