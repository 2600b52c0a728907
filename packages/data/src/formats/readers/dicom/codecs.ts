import { damaged, Refusal, unsupported } from '../../refusal.js';
import { decodeDeepJpeg } from './deep-jpeg.js';
import type { PixelLayout } from './layout.js';

/** A frame that a codec gave. */
export interface DecodedFrame {
  /** The samples of a pixel side by side. */
  readonly words: Uint8Array | Uint16Array | Int16Array;
  /** Bits that a sample has. */
  readonly precision: number;
  /** Whether colors are red, green and blue, whatever the file calls them. */
  readonly isRgb: boolean;
}

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

interface FrameInfo {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: number;
  readonly isSigned?: boolean;
}

/** What the codecs have in common. */
interface Decoder {
  getEncodedBuffer(length: number): Uint8Array;
  getDecodedBuffer(): Uint8Array<ArrayBuffer>;
  decode(): void;
  getFrameInfo(): FrameInfo;
  getInterleaveMode?(): number;
  delete(): void;
}

type CodecModule = Readonly<Record<string, new () => Decoder>>;
/** Makes an instance of a codec. */
export type CodecBuild = (options: { print(): void; printErr(): void }) => Promise<CodecModule>;

/**
 * Each codec is loaded when a file first needs it. Node takes the WebAssembly build, pages a build of plain JavaScript that
 * lies in one file and needs no path to a binary: see `imports` in package.json.
 */
const codecs = {
  jpeg: { what: 'JPEG', decoder: 'JPEGDecoder', load: () => import('#libjpeg-turbo') },
  jpegLs: { what: 'JPEG-LS', decoder: 'JpegLSDecoder', load: () => import('#charls') },
  jpeg2000: { what: 'JPEG 2000', decoder: 'J2KDecoder', load: () => import('#openjpeg') },
} as const;
type CodecName = keyof typeof codecs;

const loaded = new Map<CodecName, Promise<CodecModule>>();

async function codecModule(name: CodecName): Promise<CodecModule> {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const silent = { print: () => undefined, printErr: () => undefined };
  const module = codecs[name].load().then(({ default: factory }) => factory(silent));
  loaded.set(name, module);
  try {
    return await module;
  } catch (cause) {
    loaded.delete(name);
    const refusal = new Refusal(
      `is compressed with ${codecs[name].what}, and the decoder could not be loaded`,
      'Check the connection or the installation; or decompress the file, for instance with `gdcmconv --raw IN OUT`.',
    );
    refusal.cause = cause;
    throw refusal;
  }
}

async function run(
  name: CodecName,
  frame: Uint8Array,
  { height, width, samples }: Pick<PixelLayout, 'height' | 'width' | 'samples'>,
  format = 'DICOM',
): Promise<{ bytes: Uint8Array<ArrayBuffer>; info: FrameInfo; interleave: number | undefined }> {
  const { [codecs[name].decoder]: Codec } = await codecModule(name);
  const { what } = codecs[name];
  const decoder = new Codec!();
  try {
    decoder.getEncodedBuffer(frame.length).set(frame);
    decoder.decode();
    const info = decoder.getFrameInfo();
    const decoded = decoder.getDecodedBuffer();
    const wanted = height * width * samples * (info.bitsPerSample > 8 ? 2 : 1);
    if (
      info.height !== height ||
      info.width !== width ||
      info.componentCount !== samples ||
      decoded.length !== wanted
    ) {
      throw damaged(format, `its ${what} is cut off or of another size`);
    }
    // The memory of a codec never shrinks: after a large image the next one gets a fresh codec.
    if (decoded.buffer.byteLength > mostKeptBytes) loaded.delete(name);
    // Some builds give a view of their memory, some a copy already.
    const isCopy = decoded.buffer.byteLength === decoded.length;
    return { bytes: isCopy ? decoded : decoded.slice(), info, interleave: decoder.getInterleaveMode?.() };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    // What the codec itself refuses it throws as a number. After anything else, it may be in no state to go on.
    if (typeof error !== 'number') loaded.delete(name);
    throw damaged(format, `its ${what} cannot be decoded`);
  } finally {
    release(decoder);
  }
}

const mostKeptBytes = 2 ** 26;

function release(decoder: Decoder): void {
  try {
    decoder.delete();
  } catch {
    // A codec that stopped half-way frees nothing, and is dropped whole.
  }
}

/**
 * The bytes of an 8-bit JPEG, baseline or progressive, as grey or as red, green and blue.
 *
 * @param isYcc Whether three components are luma and chroma, whatever markers say.
 * @param format What errors call the file.
 * @throws {Refusal} if it is damaged, cut off or of another size.
 */
export async function decodeJpeg(
  jpeg: Uint8Array,
  size: Pick<PixelLayout, 'height' | 'width' | 'samples'>,
  isYcc: boolean,
  format: string,
): Promise<Uint8Array> {
  const { bytes } = await run('jpeg', size.samples === 3 ? withTransform(jpeg, isYcc) : jpeg, size, format);
  return bytes;
}

function wordsOf(
  bytes: Uint8Array<ArrayBuffer>,
  { bitsPerSample, isSigned = false }: FrameInfo,
): DecodedFrame['words'] {
  if (bitsPerSample <= 8) return bytes;
  // Codecs write in the order of the machine that they run on, which WebAssembly and JavaScript's arrays share.
  return isSigned ? new Int16Array(bytes.buffer) : new Uint16Array(bytes.buffer);
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
    const { bytes, info, interleave } = await run('jpegLs', frame, layout);
    const words = wordsOf(bytes, info);
    return {
      words: interleave === 0 && samples > 1 ? interleaved(words, samples) : words,
      precision,
      isRgb: false,
    };
  }
  if (process === 0xc3 || precision === 12) {
    return { words: decodeDeepJpeg(frame), precision, isRgb: false };
  }
  if (process > 0xc2 || precision !== 8) {
    throw unsupported('DICOM', `JPEG of process ${process - 0xc0} and ${precision} bits`);
  }
  const isYbr =
    header.adobeTransform === undefined ? layout.photometric !== 'RGB' : header.adobeTransform !== 0;
  const { bytes } = await run('jpeg', samples === 3 ? withTransform(frame, isYbr) : frame, layout);
  return { words: bytes, precision, isRgb: true };
}

function jpegHeader(frame: Uint8Array): JpegHeader {
  let found: Omit<JpegHeader, 'adobeTransform'> | undefined;
  let adobeTransform: number | undefined;
  let scans = 0;
  for (const { marker, at, length } of segments(frame)) {
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

/** The segments of a JPEG with a length, the coded pixels between them left out. */
function* segments(frame: Uint8Array): Generator<{ marker: number; at: number; length: number }> {
  for (let at = 2; at + 4 <= frame.length; ) {
    const marker = frame[at + 1]!;
    const isMarker =
      frame[at] === 0xff && marker >= 0xc0 && marker !== 0xff && !(marker >= 0xd0 && marker <= 0xd9);
    if (!isMarker) {
      at++;
      continue;
    }
    const length = 256 * frame[at + 2]! + frame[at + 3]!;
    if (length < 2 || at + 2 + length > frame.length) throw damaged('DICOM', 'its JPEG is cut off');
    yield { marker, at: at + 4, length: length - 2 };
    at += 2 + length;
  }
}

/**
 * The JPEG with one marker that says whether its components are luma and chroma, in place of what it says or does not say of
 * them. DICOM decides that by the photometric interpretation; decoders guess by markers of other formats.
 */
function withTransform(frame: Uint8Array, isYbr: boolean): Uint8Array {
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
  for (const { marker, at, length } of segments(frame)) {
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

function interleaved<Words extends DecodedFrame['words']>(planes: Words, samples: number): Words {
  const pixels = planes.length / samples;
  const words = planes.slice() as Words;
  for (let i = 0; i < words.length; i++) words[i] = planes[(i % samples) * pixels + Math.floor(i / samples)]!;
  return words;
}

/** More tiles than any image needs; each takes the decoder some kilobytes. */
const mostTiles = 4096;

/** More packets than a file needs: a bit each of them makes the decoder look at a part of the image. */
const mostPackets = 2 ** 22;

/**
 * How many packets the main header promises: one for each layer, level, component and precinct, as the levels' precincts
 * get half as many in each direction.
 *
 * *Source*: ITU-T T.800, sections A.6.1 (coding style default) and B.6 (precincts).
 */
function packetsOf(frame: Uint8Array, width: number, height: number, components: number): number {
  for (let at = 2; at + 14 <= frame.length && frame[at] === 0xff && frame[at + 1] !== 0x90; ) {
    const end = at + 2 + 256 * frame[at + 2]! + frame[at + 3]!;
    if (frame[at + 1] === 0x52) {
      const layers = 256 * frame[at + 6]! + frame[at + 7]!;
      const levels = frame[at + 9]! + 1;
      const hasPrecincts = (frame[at + 4]! & 1) === 1;
      let precincts = levels;
      for (let i = 0; hasPrecincts && i < levels && at + 14 + i < end; i++) {
        const exponents = frame[at + 14 + i]!;
        const shrunk = 2 ** (levels - 1 - i);
        const [across, down] = [2 ** (exponents & 15), 2 ** (exponents >> 4)];
        precincts += Math.ceil(width / shrunk / across) * Math.ceil(height / shrunk / down);
      }
      return layers * components * precincts;
    }
    at = Math.max(end, at + 4);
  }
  return 0;
}

/**
 * How many different tiles a codestream holds. The decoder leaves those out that are missing, as zeros.
 *
 * *Source*: ITU-T T.800, section A.4.2 (start of tile-part).
 */
function tilesIn(frame: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const found = new Set<number>();
  let at = 2;
  while (at + 4 <= frame.length && view.getUint16(at) !== 0xff90)
    at += 2 + Math.max(2, view.getUint16(at + 2));
  while (at + 12 <= frame.length && view.getUint16(at) === 0xff90) {
    found.add(view.getUint16(at + 4));
    const length = view.getUint32(at + 6);
    // A length of 0 is that of the last tile-part, up to the end.
    if (length < 14) break;
    at += length;
  }
  return found.size;
}

/** Where the codestream begins, behind the boxes of a JP2 file where a frame has them. */
function codestreamBegin(frame: Uint8Array): number | undefined {
  const isBegin = (at: number) =>
    frame[at] === 0xff && frame[at + 1] === 0x4f && frame[at + 2] === 0xff && frame[at + 3] === 0x51;
  const isBoxed = String.fromCharCode(...frame.subarray(4, 8)) === 'jP  ';
  const last = isBoxed ? Math.min(frame.length - 4, 4096) : 0;
  for (let at = 0; at <= last; at++) if (isBegin(at)) return at;
  return undefined;
}

async function decodeJpeg2000(frame: Uint8Array, layout: PixelLayout): Promise<DecodedFrame> {
  const { height, width, samples, isSigned } = layout;
  if (frame.length < 42 + 3 * samples) throw damaged('DICOM', 'its JPEG 2000 is cut off');
  // *Source*: ITU-T T.800, section A.5.1 (image and tile size).
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const [right, bottom, left, top, tileWidth, tileHeight, tileLeft, tileTop] = Array.from(
    { length: 8 },
    (_, i) => view.getUint32(8 + 4 * i),
  ) as [number, number, number, number, number, number, number, number];
  const components = view.getUint16(40);
  if (right - left !== width || bottom - top !== height || components !== samples) {
    throw damaged('DICOM', 'its JPEG 2000 is of another size');
  }
  const tiles = Math.ceil((right - tileLeft) / tileWidth) * Math.ceil((bottom - tileTop) / tileHeight);
  if (!(tiles >= 1 && tiles <= mostTiles)) throw unsupported('DICOM', `JPEG 2000 of ${tiles} tiles`);
  if (tilesIn(frame) !== tiles) throw damaged('DICOM', 'its JPEG 2000 lacks tiles');
  const packets =
    tiles * packetsOf(frame, Math.min(width, tileWidth), Math.min(height, tileHeight), components);
  if (packets > mostPackets) throw unsupported('DICOM', `JPEG 2000 of ${packets} packets`);
  const depths = Array.from({ length: components }, (_, i) => view.getUint8(42 + 3 * i));
  const precision = (depths[0]! & 0x7f) + 1;
  if (precision > 16 || depths.some((depth) => depth !== depths[0]))
    throw unsupported('DICOM', `JPEG 2000 of ${precision} bits`);
  if (depths[0]! > 0x7f && !isSigned)
    throw damaged('DICOM', 'its JPEG 2000 has signs and its pixels have none');
  const { bytes, info } = await run('jpeg2000', frame, layout);
  const isRgb = layout.photometric !== 'YBR_FULL' && layout.photometric !== 'YBR_FULL_422';
  return { words: wordsOf(bytes, info), precision, isRgb };
}
