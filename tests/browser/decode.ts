import { decodeDicom, decodeImage } from '@sshn/data';
import golden from '../../packages/data/src/testing/dicom-compressed.json' with { type: 'json' };

/** By how much each file's numbers, decoded in the page, stray from those of other software. */
type Strays = Record<string, number>;

async function strays(): Promise<Strays> {
  const found: Strays = {};
  for (const { name, base64, values } of golden.files) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const read = name.includes('RGB')
      ? (await decodeImage(bytes, name)).values.map((value) => Math.round(255 * value))
      : (await decodeDicom([{ name, bytes }])).data;
    found[name] = Math.max(...values.map((value, i) => Math.abs(value - read[i]!)));
  }
  return found;
}

Object.assign(globalThis, { strays: strays() });
