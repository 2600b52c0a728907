import { convertChannels, type Image, normalizeIntensity, resizeImage } from '@sshn/data';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { nameOf, openFiles, sliceStack } from '../open-file.js';
import type { NamedFile } from '../protocol.js';
import type { RegistrationPair } from './pair.js';

/** Longest edge on which a field is fitted, and of the result, in pixels. */
const fittedEdge = 128;
const wholeEdge = 1024;

/**
 * A person's two images on the grid of the fixed one, grey; of volumes the middle axial slice.
 *
 * @throws {FileError} naming the file and the remedy, whatever the bytes.
 */
export async function ownPair(
  movingFiles: readonly NamedFile[],
  fixedFiles: readonly NamedFile[],
): Promise<RegistrationPair> {
  const [moving, fixed] = [await greyImage(movingFiles), await greyImage(fixedFiles)];
  const size = [fixed.image.size[0]!, fixed.image.size[1]!];
  const [whole, fitted] = [within(size, wholeEdge), within(size, fittedEdge)];
  const wholeMoving = tensorOf(resizeImage(moving.image, whole));
  const notes = [
    ...[moving, fixed].flatMap(({ note }) => note ?? []),
    ...(moving.image.size.join() === size.join()
      ? []
      : [`${moving.name} was stretched to the size of the other`]),
    ...(fitted.join() === whole.join()
      ? []
      : [`fitted at ${fitted.join(' × ')} of ${whole.join(' × ')} pixels`]),
  ];
  return {
    moving: fitted.join() === whole.join() ? wholeMoving : tensorOf(resizeImage(moving.image, fitted)),
    fixed: tensorOf(resizeImage(fixed.image, fitted)),
    labels: undefined,
    whole: wholeMoving,
    note: notes.join('; '),
  };
}

async function greyImage(
  files: readonly NamedFile[],
): Promise<{ image: Image; name: string; note: string | undefined }> {
  const [opened, name] = [await openFiles(files), nameOf(files)];
  if (opened.kind === 'image') return { image: inUnitRange(opened.image), name, note: undefined };
  const stack = sliceStack(opened.volume, 'axial');
  const middle = Math.floor(stack.count / 2);
  const note = `${name}: its axial slice ${middle + 1} of ${stack.count}; \`sshn register\` takes volumes whole`;
  return { image: inUnitRange(stack.image(middle)), name, note };
}

function inUnitRange(image: Image): Image {
  const { values, ...grey } = convertChannels(image, 1);
  return { ...grey, values: normalizeIntensity(values, { kind: 'minMax' }) };
}

function tensorOf({ values, size }: Image): Tensor {
  return tensor(values, [1, ...size, 1]);
}

/** A size shrunk until no edge is longer. */
function within(size: readonly number[], longest: number): number[] {
  const scale = Math.min(1, longest / Math.max(...size));
  return size.map((edge) => Math.max(1, Math.round(edge * scale)));
}
