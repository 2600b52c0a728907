import { damaged, Refusal } from '../refusal.js';

/** What a codec says of the image that it decoded. */
export interface FrameInfo {
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

/** An image that a codec gave. */
export interface CodecResult {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly info: FrameInfo;
  /** Of JPEG-LS: 0 where all of one component come first. */
  readonly interleave: number | undefined;
}

/**
 * Decodes an image with one of the codecs.
 *
 * @param expected What comes out; an image of another size is refused.
 * @param format What errors call the file.
 * @throws {Refusal} if the codec cannot be loaded, or the image is damaged or of another size.
 */
export async function runCodec(
  name: CodecName,
  encoded: Uint8Array,
  expected: { readonly height: number; readonly width: number; readonly samples: number },
  format: string,
): Promise<CodecResult> {
  const { [codecs[name].decoder]: Codec } = await codecModule(name);
  const { what } = codecs[name];
  const { height, width, samples } = expected;
  const decoder = new Codec!();
  try {
    decoder.getEncodedBuffer(encoded.length).set(encoded);
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
    if (decoded.byteLength > mostKeptBytes) loaded.delete(name);
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

const mostKeptBytes = 2 ** 25;

function release(decoder: Decoder): void {
  try {
    decoder.delete();
  } catch {
    // A codec that stopped half-way frees nothing, and is dropped whole.
  }
}
