import { existsSync } from 'node:fs';
import { constants } from 'node:os';

const chromiumFolder = '/usr/lib/chromium';
/** `RTLD_NODELETE` of <dlfcn.h>: what was loaded stays. */
const KEEP = 0x1000;

/** Environment in which Dawn finds Vulkan on machines without a GPU: Debian's Chromium brings one in software. */
export const vulkan: Readonly<Record<string, string>> = existsSync(
  `${chromiumFolder}/vk_swiftshader_icd.json`,
)
  ? {
      VK_ICD_FILENAMES: `${chromiumFolder}/vk_swiftshader_icd.json`,
      LD_LIBRARY_PATH: chromiumFolder,
    }
  : {};

/** The same for this very process, before Dawn starts in it. */
export function bringVulkan(): void {
  if (vulkan.VK_ICD_FILENAMES === undefined || process.env.VK_ICD_FILENAMES !== undefined) return;
  process.env.VK_ICD_FILENAMES = vulkan.VK_ICD_FILENAMES;
  try {
    // Too late for LD_LIBRARY_PATH; but Dawn asks for the loader by name, and finds the one that the process has already.
    process.dlopen({ exports: {} }, `${chromiumFolder}/libvulkan.so.1`, constants.dlopen.RTLD_LAZY | KEEP);
  } catch {
    // It is not an addon of Node's, which shows only once it is loaded.
  }
}
