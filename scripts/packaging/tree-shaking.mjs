import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles that must stay small: what they import, and what may not come along. */
const cases = [
  {
    code: "export { convolution } from '@sshn/layers';",
    without: ['@sshn/hypernet', '@sshn/architectures'],
    atMostBytes: 15_000,
  },
  {
    code: "export { unet } from '@sshn/architectures'; export { rescaling } from '@sshn/core';",
    // Descriptors of all options come along: they check a network's configuration.
    without: ['@sshn/hypernet', '@sshn/training'],
    atMostBytes: 44_500,
  },
  {
    // Two builds of the compiled kernels in base64, 59 000 bytes each, for engines without and with relaxed SIMD; what guards the
    // end of the heap; and the gradients that stock tfjs lacks.
    code: "export { useFastWasm } from '@sshn/backend-wasm';",
    without: ['@sshn/hypernet', '@sshn/layers'],
    atMostBytes: 182_000,
  },
];

/** Bundles a part of a package with esbuild for a page; what comes along needlessly, as lines of text. */
export async function checkTreeShaking(project) {
  const faults = [];
  for (const [i, { code, without, atMostBytes }] of cases.entries()) {
    const entry = join(project, `bundle-${i}.mjs`);
    await writeFile(entry, code);
    const { metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      minify: true,
      format: 'esm',
      external: ['@tensorflow/*'],
      metafile: true,
      tsconfigRaw: {},
      write: false,
      outdir: project,
    });
    const [{ bytes, inputs }] = Object.values(metafile.outputs);
    const needless = without.filter((name) =>
      Object.entries(inputs).some(
        ([path, { bytesInOutput }]) => path.includes(`/${name}/`) && bytesInOutput > 0,
      ),
    );
    const fits = needless.length === 0 && bytes <= atMostBytes;
    console.log(`${fits ? '✓' : '✗'} ${code} takes ${bytes} bytes, minified, tfjs apart`);
    if (!fits)
      faults.push(`${code} takes ${bytes} bytes (at most ${atMostBytes}) and has ${needless} in it.`);
  }
  return faults;
}
