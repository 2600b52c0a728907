import { WebgpuUnavailableError } from '../errors.js';
import type { Gpu } from '../start/gpu.js';
import type { Surroundings } from '../start/surroundings.js';

const withoutAdapter =
  'Dawn needs a driver: Vulkan on Linux (the loader, `apt-get install libvulkan1`, and that of the GPU: NVIDIA’s own, or ' +
  '`apt-get install mesa-vulkan-drivers`), Metal on macOS, Direct3D 12 on Windows. In software: the SwiftShader of a ' +
  'Chromium, with VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json and LD_LIBRARY_PATH=/usr/lib/chromium set ' +
  'before Node starts. Or take the wasm backend.';

/** The npm package `webgpu`: Dawn, which is WebGPU for Node. */
interface DawnModule {
  create(flags: readonly string[]): Gpu;
  readonly globals: Readonly<Record<string, unknown>>;
}

/** `navigator.gpu` where the program has put one, else Dawn's, which is put there: tfjs looks for it. */
export const dawn: Surroundings = {
  runtime: 'dawn',
  withoutAdapter,
  gpu: async () => {
    const present = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
    if (present !== undefined) return present;
    const { create, globals } = await loadDawn();
    Object.assign(globalThis, globals);
    const gpu = create([]);
    // Node has a navigator since version 21.
    if (globalThis.navigator === undefined)
      Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
    Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
    return gpu;
  },
};

/** @throws {WebgpuUnavailableError} if it is not installed, or has no build for this machine. */
async function loadDawn(): Promise<DawnModule> {
  try {
    return (await import('webgpu')) as unknown as DawnModule;
  } catch (error) {
    const { code } = error as { code?: string };
    const isAbsent = code === 'ERR_MODULE_NOT_FOUND' && String(error).includes("'webgpu'");
    throw new WebgpuUnavailableError(
      isAbsent
        ? 'the package webgpu (Dawn) is not installed'
        : `the package webgpu does not load: ${error instanceof Error ? error.message : String(error)}`,
      `Run \`npm install webgpu\`. ${withoutAdapter}`,
    );
  }
}
