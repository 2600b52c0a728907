import { ShapeError } from '@sshn/core';
import type { Image } from '../dataset/types.js';

const luma = [0.299, 0.587, 0.114] as const;

/**
 * Brings an image to grey or RGB: grey is repeated in three channels; RGB becomes 0.299 R + 0.587 G + 0.114 B.
 *
 * @throws {ShapeError} if there is no way from the image's channels to those asked for.
 * @returns The image itself if it has them already.
 *
 * *Source*: ITU-R BT.601 luma.
 */
export function convertChannels(image: Image, channels: number): Image {
  if (image.channels === channels) return image;
  const pixels = image.values.length / image.channels;
  const values = new Float32Array(pixels * channels);
  if (image.channels === 1 && channels === 3) {
    for (let i = 0; i < values.length; i++) values[i] = image.values[Math.floor(i / 3)]!;
  } else if (image.channels === 3 && channels === 1) {
    for (let i = 0; i < pixels; i++) {
      for (let c = 0; c < 3; c++) values[i]! += luma[c]! * image.values[3 * i + c]!;
    }
  } else {
    throw new ShapeError({
      where: 'convertChannels',
      got: [...image.size, image.channels],
      expected: `${channels} channels, or 1 or 3 to make 3 or 1 of`,
    });
  }
  return { ...image, values, channels };
}
