import { defaultClientConditions, defineConfig } from 'vite';

/** With these, a page may share memory between threads. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  base: './',
  resolve: { conditions: ['@sshn/source', ...defaultClientConditions] },
  build: {
    target: 'es2022',
    outDir: '../node_modules/.cache/page',
    emptyOutDir: true,
    chunkSizeWarningLimit: 3000,
  },
  worker: { format: 'es' },
  server: { headers: isolation },
  preview: { headers: isolation },
});
