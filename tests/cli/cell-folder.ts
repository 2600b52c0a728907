import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';

/** A grey PNG of some edge length. */
export function greyPng(edge: number, value: (x: number, y: number) => number): Uint8Array {
  const data = Uint8Array.from({ length: edge * edge }, (_, i) => value(i % edge, Math.floor(i / edge)));
  return encode({ width: edge, height: edge, data, channels: 1, depth: 8 });
}

/** Makes a folder of 8 images of 32×32 with labels 0, 1 and 2, in images/ and labels/. */
export async function makeCellFolder(folder: string): Promise<void> {
  for (const part of ['images', 'labels']) await mkdir(join(folder, part), { recursive: true });
  for (let i = 0; i < 8; i++) {
    await writeFile(
      join(folder, 'images', `${i}.png`),
      greyPng(32, (x, y) => (x * 7 + y * 3 + i) % 256),
    );
    await writeFile(
      join(folder, 'labels', `${i}.png`),
      greyPng(32, (x, y) => (x > 10 ? 1 : y > 20 ? 2 : 0)),
    );
  }
}

/** What can be wrong with such a folder, by name: `spoil` makes it so. */
export const faults: Readonly<Record<string, { spoil(folder: string): Promise<void>; says: RegExp }>> = {
  'a truncated image': {
    spoil: async (folder) => {
      const path = join(folder, 'images', '7.png');
      await writeFile(path, (await readFile(path)).subarray(0, -60));
    },
    says: /images\/7\.png: .*(damaged|cut off)/,
  },
  'a file that is no image': {
    spoil: (folder) => writeFile(join(folder, 'images', '3.png'), 'hello'),
    says: /images\/3\.png: is not a/,
  },
  'an image without labels': {
    spoil: (folder) => rm(join(folder, 'labels', '3.png')),
    says: /images\/3\.png: has no labels/,
  },
  'labels of another size than their image': {
    spoil: (folder) =>
      writeFile(
        join(folder, 'labels', '3.png'),
        greyPng(16, () => 1),
      ),
    says: /labels\/3\.png: has 16 × 16 pixels, but its image images\/3\.png has 32 × 32/,
  },
  'images of several sizes': {
    spoil: async (folder) => {
      for (const part of ['images', 'labels'])
        await writeFile(
          join(folder, part, '3.png'),
          greyPng(16, () => 1),
        );
    },
    says: /images\/3\.png: has 16 × 16 pixels, but images\/0\.png has 32 × 32/,
  },
  'a label value out of range': {
    spoil: (folder) => writeFile(join(folder, 'labels.json'), JSON.stringify(['background', 'cell'])),
    says: /labels\/\d\.png: holds the label value 2/,
  },
  'no files at all': {
    spoil: async (folder) => {
      for (const part of ['images', 'labels']) await rm(join(folder, part), { recursive: true });
    },
    says: /is an empty folder/,
  },
  'no folder': { spoil: (folder) => rm(folder, { recursive: true }), says: /does not exist/ },
};
