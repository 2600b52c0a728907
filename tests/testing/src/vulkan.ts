import { existsSync } from 'node:fs';
import { constants } from 'node:os';

/** Debian's Chromium brings Vulkan in software, SwiftShader. */
const folder = '/usr/lib/chromium';
/** `RTLD_NODELETE` of <dlfcn.h>: what was loaded stays. */
const KEEP = 0x1000;

/** Before Dawn starts in this process: gives it Vulkan in software where the machine has no other. */
export function bringVulkan(): void {
  if (process.env.VK_ICD_FILENAMES !== undefined || !existsSync(`${folder}/vk_swiftshader_icd.json`)) return;
  process.env.VK_ICD_FILENAMES = `${folder}/vk_swiftshader_icd.json`;
  try {
    // Dawn asks for the loader by name, and finds the one that the process has already.
    process.dlopen({ exports: {} }, `${folder}/libvulkan.so.1`, constants.dlopen.RTLD_LAZY | KEEP);
  } catch {
    // It is not an addon of Node's, which shows only once it is loaded.
  }
}
