import { defineConfig } from 'vite';

/** With these headers the Worker may use several threads; without them it uses one. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  base: './',
  build: { target: 'es2022', chunkSizeWarningLimit: 2000 },
  // For fast refresh while you work on it, add @vitejs/plugin-react here.
  esbuild: { jsx: 'automatic' },
  worker: { format: 'es' },
  server: { headers },
  preview: { headers },
});
