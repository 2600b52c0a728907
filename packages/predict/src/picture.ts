import { FileError, firstNonFinite, rangeOf } from '@sshn/core';
import {
  type DecodeDicomOptions,
  type DicomSource,
  decodeDicom,
  decodeImage,
  decodeLabels,
  decodeStack,
  decodeVolume,
  encodeNifti,
  type Image,
  readImageHeader,
  type Volume,
  volumeFormat,
  volumeOf,
  wholeLabels,
} from '@sshn/data';
import { encode } from 'fast-png';

/** An image with its place in space: what a model is applied to. */
export interface Picture {
  /** What errors call it: a path or a file name. */
  readonly path: string;
  /**
   * Volumes (NIfTI, DICOM series) have a place in the body. Raster images (PNG, TIFF, BMP, JPEG, DICOM of one frame) are one
   * slice deep, and their millimeters are pixels: x to the right, y down.
   */
  readonly format: 'volume' | 'raster';
  /** One for each channel, all on one grid. */
  readonly channels: readonly [Volume, ...Volume[]];
}

/** The format of a file by its name: NIfTI files hold volumes, all others but DICOM raster images. */
export function formatOf(path: string): Picture['format'] {
  return /\.nii(\.gz)?$/i.test(path) ? 'volume' : 'raster';
}

/**
 * Reads an image from the bytes of one file: NIfTI by its name, the other formats by their first bytes. NRRD files, arrays of
 * NumPy (npz) and TIFF stacks are volumes.
 *
 * @param path What errors call the file; its ending tells NIfTI.
 * @param options `frame`: which volume of several (time points, echoes), or which page of a TIFF stack as an image.
 * @throws {FileError} if it cannot be read, or holds values that are not finite.
 */
export async function decodePicture(
  bytes: Uint8Array,
  path: string,
  options: DecodeDicomOptions = {},
): Promise<Picture> {
  const chosen = options.frame === undefined ? {} : { frame: options.frame };
  if (holdsVolume(bytes, path)) return volumePicture(await decodeVolume(bytes, path, chosen), path);
  const { format, frames, channels } = readImageHeader(bytes, path);
  if (frames > 1 && channels === 1) {
    if (format !== 'tiff') return decodeSeries([{ name: path, bytes }], path, options);
    if (options.frame === undefined) return volumePicture(await decodeStack(bytes, path), path);
  }
  return pictureOf(await decodeImage(bytes, path, chosen), path);
}

/** Whether a file holds a volume with a place in space, by its name or its first bytes: NIfTI, NRRD, npz. */
function holdsVolume(bytes: Uint8Array, path: string): boolean {
  return formatOf(path) === 'volume' || ['nrrd', 'npz'].includes(volumeFormat(bytes) ?? '');
}

function volumePicture(volume: Volume, path: string): Picture {
  requireFinite(volume, path);
  return { path, format: 'volume', channels: [volume] };
}

/** Reads the volume of a DICOM series, from its files in any order. @throws {FileError} if they are not one series. */
export async function decodeSeries(
  files: readonly DicomSource[],
  path: string,
  options: DecodeDicomOptions = {},
): Promise<Picture> {
  const volume = await decodeDicom(files, options);
  return { path, format: 'volume', channels: [volume] };
}

/**
 * Reads a label map from the bytes of one file, as `decodePicture` reads an image.
 *
 * @throws {FileError} if it cannot be read, or its values are not whole numbers.
 */
export async function decodeLabelPicture(
  bytes: Uint8Array,
  path: string,
  { frame }: Pick<DecodeDicomOptions, 'frame'> = {},
): Promise<Picture> {
  const chosen = frame === undefined ? {} : { frame };
  if (!holdsVolume(bytes, path)) {
    const { format, frames, channels } = readImageHeader(bytes, path);
    // A DICOM segmentation, say.
    if (format === 'dicom' && frames > 1 && channels === 1)
      return decodeSeries([{ name: path, bytes }], path, chosen);
    const { values, size } = await decodeLabels(bytes, path, chosen);
    const [height, width] = size as [number, number];
    return { path, format: 'raster', channels: [volumeOf(values, [1, height, width])] };
  }
  const { labels, wrong } = wholeLabels(await decodeVolume(bytes, path, chosen));
  if (labels !== undefined) return { path, format: 'volume', channels: [labels] };
  throw new FileError({
    path,
    problem: `holds the value ${wrong}, and labels are whole numbers`,
    remedy: 'If it was resampled, do it again by the nearest voxel; if it is an image, leave out --labels.',
  });
}

/** A raster image, or with three axes a volume of 1 mm voxels, as a picture. `image.values` is copied. */
export function pictureOf(image: Image, path = 'image'): Picture {
  const { values, size, channels } = image;
  const shape = size.length === 3 ? size : [1, ...size];
  const [depth, height, width] = shape as [number, number, number];
  const channel = (c: number) => {
    const one = new Float32Array(depth * height * width);
    for (let i = 0; i < one.length; i++) one[i] = values[i * channels + c]!;
    return volumeOf(one, [depth, height, width]);
  };
  return {
    path,
    format: size.length === 3 ? 'volume' : 'raster',
    channels: [channel(0), ...Array.from({ length: channels - 1 }, (_, i) => channel(i + 1))],
  };
}

/** Channels side by side, channels last, as networks take them; `rank` is the number of spatial axes, 2 or 3. */
export function imageOf(volumes: readonly Volume[], rank: number): Image {
  const channels = volumes.length;
  const size = volumes[0]!.shape.slice(-rank);
  const values = new Float32Array(volumes[0]!.data.length * channels);
  for (const [c, { data }] of volumes.entries()) {
    for (let i = 0; i < data.length; i++) values[i * channels + c] = data[i]!;
  }
  return { values, size, channels };
}

function requireFinite(volume: Volume, path: string): void {
  if (firstNonFinite(volume.data) === undefined) return;
  throw new FileError({
    path,
    problem: 'holds values that are not finite numbers',
    remedy: 'Replace them before saving it.',
  });
}

/**
 * A picture as the bytes of a file: NIfTI of a volume, with its own number type, or an 8-bit PNG. In a PNG, labels (bytes) are
 * stored as they are and intensities from 0 to 1 as 0 to 255; where some lie outside, the lowest becomes 0 and the highest 255.
 */
export function encodePicture(
  { format, channels }: Picture,
  { gzip }: { readonly gzip: boolean },
): Uint8Array {
  const [first] = channels;
  if (format === 'volume') return encodeNifti(first, { gzip });
  const [, height, width] = first.shape;
  const [low, scale] = first.data instanceof Uint8Array ? [0, 1] : bytesRange(channels);
  const data = Uint8Array.from({ length: height * width * channels.length }, (_, i) => {
    const value = channels[i % channels.length]!.data[Math.floor(i / channels.length)]!;
    return Math.min(255, Math.max(0, Math.round((value - low) * scale)));
  });
  return encode({ width, height, channels: channels.length, depth: 8, data });
}

/** What is black, and by how much intensities are multiplied to become bytes. */
function bytesRange(channels: Picture['channels']): readonly [low: number, scale: number] {
  const ranges = channels.map(({ data }) => rangeOf(data));
  const low = Math.min(...ranges.map(([least]) => least));
  const high = Math.max(...ranges.map(([, most]) => most));
  return low >= 0 && high <= 1 ? [0, 255] : [low, high > low ? 255 / (high - low) : 0];
}

/** The picture of what is given to be segmented: read, where it is a file. @throws {FileError} if it cannot be read. */
export async function pictureFrom(source: Picture | Image | Blob | Uint8Array): Promise<Picture> {
  if (source instanceof Uint8Array) return decodePicture(source, 'image');
  if (source instanceof Blob) {
    const name = 'name' in source ? String(source.name) : 'image';
    return decodePicture(new Uint8Array(await source.arrayBuffer()), name);
  }
  return 'format' in source ? source : pictureOf(source);
}
