import { defaultClientConditions, defineConfig } from 'vite';
import { offline } from './build/offline.js';

export default defineConfig({
  // Relative addresses: the built folder works under any path of any static server.
  base: './',
  // In the repository the packages' sources, in a copy of this folder what npm has installed.
  resolve: { conditions: ['@sshn/source', ...defaultClientConditions] },
  build: { target: 'es2022', chunkSizeWarningLimit: 2000 },
  worker: { format: 'es' },
  plugins: [offline()],
});
