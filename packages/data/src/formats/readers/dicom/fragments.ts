import { damaged } from '../../refusal.js';
import type { DicomFile } from './parse.js';

/**
 * The compressed bytes of one frame.
 *
 * Pixels that are compressed lie in items: an index, which may be empty, then one or more for each frame.
 *
 * *Source*: DICOM PS3.5, section A.4.
 *
 * @throws {Refusal} if it cannot be told which items are the frame's.
 */
export function compressedFrame({ bytes, pixels }: DicomFile, frame: number, frames: number): Uint8Array {
  const [index, ...fragments] = itemsAt(bytes, pixels.dataOffset);
  if (index === undefined || fragments.length === 0) throw damaged('DICOM', 'no compressed frame is there');
  if (frames === 1) return joined(fragments.map(({ data }) => data));
  if (fragments.length === frames) return fragments[frame]!.data;
  const view = new DataView(index.data.buffer, index.data.byteOffset, index.data.byteLength);
  if (view.byteLength < 4 * frames) {
    throw damaged('DICOM', `${fragments.length} pieces for ${frames} frames and no index`);
  }
  const base = fragments[0]!.at;
  const from = base + view.getUint32(4 * frame, true);
  const to = frame + 1 < frames ? base + view.getUint32(4 * frame + 4, true) : Number.POSITIVE_INFINITY;
  return joined(fragments.filter(({ at }) => at >= from && at < to).map(({ data }) => data));
}

interface Item {
  /** Where it begins, its tag included. */
  readonly at: number;
  readonly data: Uint8Array;
}

function itemsAt(bytes: Uint8Array, begin: number): Item[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: Item[] = [];
  for (let at = begin; at + 8 <= bytes.length; ) {
    const [group, element, length] = [
      view.getUint16(at, true),
      view.getUint16(at + 2, true),
      view.getUint32(at + 4, true),
    ];
    if (group !== 0xfffe || element !== 0xe000) break;
    if (at + 8 + length > bytes.length) throw damaged('DICOM', 'it ends within a compressed frame');
    items.push({ at, data: bytes.subarray(at + 8, at + 8 + length) });
    at += 8 + length;
  }
  return items;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
