import { existsSync } from 'node:fs';

const chromiumFolder = '/usr/lib/chromium';

/** Environment in which Dawn finds Vulkan on machines without a GPU: Debian's Chromium brings one in software. */
export const vulkan: Readonly<Record<string, string>> = existsSync(
  `${chromiumFolder}/vk_swiftshader_icd.json`,
)
  ? {
      VK_ICD_FILENAMES: `${chromiumFolder}/vk_swiftshader_icd.json`,
      LD_LIBRARY_PATH: chromiumFolder,
    }
  : {};
