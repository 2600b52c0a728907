import { damaged } from '../../refusal.js';
import { decodePackBits } from '../packbits.js';

/**
 * The little-endian samples of a frame in DICOM's run-length coding: one PackBits stream for each byte of each sample,
 * the highest byte first.
 *
 * *Source*: DICOM PS3.5, annex G.
 *
 * @param pixels Of the frame. @param samples Of a pixel. @param bytesEach Of a sample.
 * @throws {Refusal} if streams are missing or too short.
 */
export function decodeRle(frame: Uint8Array, pixels: number, samples: number, bytesEach: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const count = view.getUint32(0, true);
  if (count !== samples * bytesEach) {
    throw damaged('DICOM', `${count} run-length streams where there should be ${samples * bytesEach}`);
  }
  const begins = Array.from({ length: count }, (_, i) => view.getUint32(4 + 4 * i, true));
  const result = new Uint8Array(pixels * samples * bytesEach);
  for (const [i, begin] of begins.entries()) {
    const stream = decodePackBits(frame.subarray(begin, begins[i + 1] ?? frame.length), pixels, 'DICOM');
    const [sample, byte] = [Math.floor(i / bytesEach), bytesEach - 1 - (i % bytesEach)];
    for (let p = 0; p < pixels; p++) result[(p * samples + sample) * bytesEach + byte] = stream[p]!;
  }
  return result;
}
