import { damaged, unsupported } from '../../refusal.js';
import { runCodec } from '../codecs.js';
import { decodeAnyJpeg } from '../jpeg/decode.js';
import { segments, withTransform } from '../jpeg/markers.js';
import { type DecodedFrame, wordsOf } from './decoded-frame.js';
import { codestreamBegin, decodeJpeg2000 } from './jpeg-2000.js';
import type { PixelLayout } from './layout.js';

/**
 * Decodes one frame: JPEG (8 and 12 bits, lossless up to 16), JPEG-LS, JPEG 2000 and High-Throughput JPEG 2000. Which it is,
 * the frame's own first bytes say.
 *
 * Sizes are compared with the file's before a codec takes memory for them.
 *
 * @throws {Refusal} if it is damaged or of another size than the file says.
 */
export async function decodeFrame(frame: Uint8Array, layout: PixelLayout): Promise<DecodedFrame> {
  if (frame[0] === 0xff && frame[1] === 0xd8) return decodeJpegFamily(frame, layout);
  const begin = codestreamBegin(frame);
  if (begin === undefined) throw damaged('DICOM', 'a frame that begins like no compression that is read');
  return decodeJpeg2000(frame.subarray(begin), layout);
}

/** More scans than any encoder writes: a few bytes each can make a decoder go over the whole image again. */
const mostScans = 200;
const mostScannedPixels = 2 ** 30;

interface JpegHeader {
  /** The second byte of the frame's marker: which coding process it is. */
  readonly process: number;
  readonly precision: number;
  readonly height: number;
  readonly width: number;
  readonly components: number;
  readonly adobeTransform: number | undefined;
}

async function decodeJpegFamily(frame: Uint8Array, layout: PixelLayout): Promise<DecodedFrame> {
  const header = jpegHeader(frame);
  const { process, precision, components } = header;
  const { height, width, samples } = layout;
  if (header.height !== height || header.width !== width || components !== samples) {
    throw damaged('DICOM', 'its JPEG is of another size');
  }
  if (process === 0xf7) {
    // Without its last marker, the codec reads zeros behind the end, for minutes.
    const end = frame.subarray(-4);
    if (!end.some((byte, i) => byte === 0xff && end[i + 1] === 0xd9))
      throw damaged('DICOM', 'its JPEG-LS has no end');
    const { bytes, info, interleave } = await runCodec('jpegLs', frame, layout, 'DICOM');
    const words = wordsOf(bytes, info);
    return {
      words: interleave === 0 && samples > 1 ? interleaved(words, samples) : words,
      precision,
      isRgb: false,
    };
  }
  if (process === 0xc3 || precision === 12) {
    return { words: decodeAnyJpeg(frame, 'DICOM'), precision, isRgb: false };
  }
  if (process > 0xc2 || precision !== 8) {
    throw unsupported('DICOM', `JPEG of process ${process - 0xc0} and ${precision} bits`);
  }
  const isYbr =
    header.adobeTransform === undefined ? layout.photometric !== 'RGB' : header.adobeTransform !== 0;
  const { bytes } = await runCodec(
    'jpeg',
    samples === 3 ? withTransform(frame, isYbr, 'DICOM') : frame,
    layout,
    'DICOM',
  );
  return { words: bytes, precision, isRgb: true };
}

function jpegHeader(frame: Uint8Array): JpegHeader {
  let found: Omit<JpegHeader, 'adobeTransform'> | undefined;
  let adobeTransform: number | undefined;
  let scans = 0;
  for (const { marker, at, length } of segments(frame, 'DICOM')) {
    if (marker === 0xee && length >= 12 && String.fromCharCode(...frame.subarray(at, at + 5)) === 'Adobe')
      adobeTransform = frame[at + 11];
    const isFrame =
      (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xf7;
    if (isFrame && found === undefined && length >= 6) {
      const view = new DataView(frame.buffer, frame.byteOffset + at, 6);
      const [precision, height, width, components] = [
        view.getUint8(0),
        view.getUint16(1),
        view.getUint16(3),
        view.getUint8(5),
      ];
      found = { process: marker, precision, height, width, components };
    }
    if (marker === 0xda) scans++;
  }
  if (found === undefined) throw damaged('DICOM', 'its JPEG has no frame header');
  if (scans === 0) throw damaged('DICOM', 'its JPEG has no pixels');
  if (scans > mostScans || scans * found.width * found.height > mostScannedPixels) {
    throw unsupported('DICOM', `JPEG of ${scans} scans of ${found.width} × ${found.height} pixels`);
  }
  return { ...found, adobeTransform };
}

function interleaved<Words extends DecodedFrame['words']>(planes: Words, samples: number): Words {
  const pixels = planes.length / samples;
  const words = planes.slice() as Words;
  for (let i = 0; i < words.length; i++) words[i] = planes[(i % samples) * pixels + Math.floor(i / samples)]!;
  return words;
}
