import { damaged } from '../../refusal.js';

/** A segment of a JPEG: its marker's second byte, and where its data lie. */
export interface Segment {
  readonly marker: number;
  readonly at: number;
  readonly length: number;
}

/** The segments of a JPEG with a length, the coded pixels between them left out. @throws {Refusal} if one is cut off. */
export function* segments(frame: Uint8Array, format: string): Generator<Segment> {
  for (let at = 2; at + 4 <= frame.length; ) {
    const marker = frame[at + 1]!;
    const isMarker =
      frame[at] === 0xff && marker >= 0xc0 && marker !== 0xff && !(marker >= 0xd0 && marker <= 0xd9);
    if (!isMarker) {
      at++;
      continue;
    }
    const length = 256 * frame[at + 2]! + frame[at + 3]!;
    if (length < 2 || at + 2 + length > frame.length) throw damaged(format, 'its JPEG is cut off');
    yield { marker, at: at + 4, length: length - 2 };
    at += 2 + length;
  }
}

/**
 * The JPEG with one marker that says whether its components are luma and chroma, in place of what it says or does not say of
 * them. DICOM decides that by the photometric interpretation; decoders guess by markers of other formats.
 */
export function withTransform(frame: Uint8Array, isYbr: boolean, format: string): Uint8Array {
  const adobe = Uint8Array.from([
    0xff,
    0xd8,
    0xff,
    0xee,
    0,
    14,
    0x41,
    0x64,
    0x6f,
    0x62,
    0x65,
    0,
    100,
    0,
    0,
    0,
    0,
    isYbr ? 1 : 0,
  ]);
  const parts: Uint8Array[] = [adobe];
  let from = 2;
  for (const { marker, at, length } of segments(frame, format)) {
    if (marker === 0xda) break;
    if (marker !== 0xe0 && marker !== 0xee) continue;
    parts.push(frame.subarray(from, at - 4));
    from = at + length;
  }
  parts.push(frame.subarray(from));
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let to = 0;
  for (const part of parts) {
    whole.set(part, to);
    to += part.length;
  }
  return whole;
}
