import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles that must stay small: what they import, and what may not come along. */
const cases = [
  {
    // With the linear resize and the convolution of joined features, which it may read.
    code: "export { convolution } from '@sshn/layers';",
    without: ['@sshn/hypernet', '@sshn/architectures'],
    atMostBytes: 19_000,
  },
  {
    code: "export { unet } from '@sshn/architectures'; export { setting } from '@sshn/core';",
    // Descriptors of a U-Net's options come along: they check its configuration.
    without: ['@sshn/hypernet', '@sshn/training'],
    atMostBytes: 48_500,
  },
  {
    // What guards the end of the heap, the gradients that stock tfjs lacks, and joined convolutions. Each build of the compiled
    // kernels, some 70 000 to 90 000 bytes in base64, is a file of its own, of which a page loads one.
    code: "export { useFastWasm } from '@sshn/backend-wasm';",
    without: ['@sshn/hypernet', '@sshn/layers'],
    atMostBytes: 78_000,
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
      splitting: true,
      minify: true,
      format: 'esm',
      external: ['@tensorflow/*'],
      metafile: true,
      tsconfigRaw: {},
      write: false,
      outdir: project,
    });
    const loaded = loadedAtOnce(metafile.outputs, `bundle-${i}.mjs`);
    const bytes = loaded.reduce((sum, output) => sum + output.bytes, 0);
    const needless = without.filter((name) =>
      loaded.some(({ inputs }) =>
        Object.entries(inputs).some(
          ([path, { bytesInOutput }]) => path.includes(`/${name}/`) && bytesInOutput > 0,
        ),
      ),
    );
    const fits = needless.length === 0 && bytes <= atMostBytes;
    console.log(`${fits ? '✓' : '✗'} ${code} takes ${bytes} bytes, minified, tfjs apart`);
    if (!fits)
      faults.push(`${code} takes ${bytes} bytes (at most ${atMostBytes}) and has ${needless} in it.`);
  }
  return faults;
}

/** The file that a page asks for, made of the entry of this name, and those that it imports at once. */
function loadedAtOnce(outputs, name) {
  const paths = new Set([Object.keys(outputs).find((path) => outputs[path].entryPoint?.endsWith(name))]);
  // A set goes on over what is added to it.
  for (const path of paths) {
    for (const { path: imported, kind, external } of outputs[path].imports)
      if (kind === 'import-statement' && !external) paths.add(imported);
  }
  return [...paths].map((path) => outputs[path]);
}

/**
 * Bundles what a page reads images and opens models with, as a user would: with esbuild as it is, no alias and nothing left
 * out. Codecs of DICOM and JPEG must come in files of their own, which a page loads when it needs them.
 */
export async function checkPageBundle(project) {
  const entry = join(project, 'page.mjs');
  await writeFile(entry, "export * from '@sshn/data'; export * from '@sshn/predict';");
  let metafile;
  try {
    ({ metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      splitting: true,
      minify: true,
      format: 'esm',
      metafile: true,
      tsconfigRaw: {},
      write: false,
      logLevel: 'silent',
      outdir: project,
    }));
  } catch (error) {
    return [`A page's bundle of @sshn/data and @sshn/predict fails: ${error.message}`];
  }
  const isCodec = ([path]) => /codecs?[/-]/.test(path);
  const outputs = Object.values(metafile.outputs);
  const first = outputs.find(({ entryPoint }) => entryPoint?.endsWith('page.mjs'));
  const early = Object.entries(first.inputs).filter(isCodec);
  const later = outputs.flatMap(({ inputs }) => Object.entries(inputs).filter(isCodec));
  const fits = early.length === 0 && later.length > 0;
  console.log(
    `${fits ? '✓' : '✗'} @sshn/data and @sshn/predict bundle for a page: ${first.bytes} bytes, codecs apart`,
  );
  if (fits) return [];
  return [
    `A page's first bundle of @sshn/data and @sshn/predict has codecs in it, or there are none at all: ${early}`,
  ];
}
