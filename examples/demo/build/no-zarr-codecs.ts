import type { Plugin } from 'vite';

/** NiiVue can read Zarr, this page does not: 1.4 MB of its codecs stay out of the build and of what is kept offline. */
export function noZarrCodecs(): Plugin {
  const empty = '\0no-zarr-codec';
  return {
    name: 'no-zarr-codecs',
    enforce: 'pre',
    resolveId: (id) => (/^numcodecs\/(blosc|lz4|zstd)$/.test(id) ? empty : undefined),
    load: (id) => (id === empty ? 'export default undefined;' : undefined),
  };
}
