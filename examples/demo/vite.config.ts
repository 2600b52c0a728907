import { defaultClientConditions, defineConfig } from 'vite';
import { noZarrCodecs } from './build/no-zarr-codecs.js';
import { offline } from './build/offline.js';

/** With these, a page may share memory between threads. Where a host does not send them, wasm runs on one thread. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  // Relative addresses: the built folder works under any path of any static server.
  base: './',
  // In the repository the packages' sources, in a copy of this folder what npm has installed.
  resolve: { conditions: ['@sshn/source', ...defaultClientConditions] },
  build: { target: 'es2022', chunkSizeWarningLimit: 2000 },
  worker: { format: 'es' },
  server: { headers: isolation },
  preview: { headers: isolation },
  plugins: [noZarrCodecs(), offline()],
});
