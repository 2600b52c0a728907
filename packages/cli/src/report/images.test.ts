import type { Image, LabelMap } from '@sshn/data';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { labelColor } from '../plots/draw.js';
import { type Picture, paint, pngDataUri } from './images.js';

/** 256 × 256 in black and white halves: as large as pictures of the report are, so no pixel is repeated. */
function halves(channels: number): Image {
  const values = new Float32Array(256 * 256 * channels);
  for (let i = 0; i < values.length; i++) values[i] = Math.floor(i / channels) % 256 < 128 ? 0.2 : 0.8;
  return { values, size: [256, 256], channels };
}

const map = (label: (x: number, y: number) => number, size = 256): LabelMap => ({
  values: Uint8Array.from({ length: size * size }, (_, i) => label(i % size, Math.floor(i / size))),
  size: [size, size],
});
const pixel = ({ width, data }: Picture, x: number, y: number) => [
  ...data.slice((y * width + x) * 3, (y * width + x) * 3 + 3),
];

describe('paint', () => {
  it.each([1, 3])('stretches an image of %i channel(s) from black to white', (channels) => {
    const picture = paint(halves(channels));
    expect([picture.width, picture.height]).toEqual([256, 256]);
    expect(pixel(picture, 0, 0)).toEqual([0, 0, 0]);
    expect(pixel(picture, 255, 255)).toEqual([255, 255, 255]);
  });

  it('covers labels half with their color, and their border wholly', () => {
    const labels = map((x) => (x >= 200 ? 2 : 0));
    const picture = paint(halves(3), labels);
    const color = labelColor(2);
    expect(pixel(picture, 230, 10)).toEqual(color.map((c) => Math.round((255 + c) / 2)));
    expect(pixel(picture, 150, 10)).toEqual([255, 255, 255]);
    const edges = paint(
      halves(3),
      map((x) => (x < 50 ? 1 : 0)),
    );
    expect(pixel(edges, 49, 10)).toEqual([...labelColor(1)]);
  });

  it('draws the border of the truth, black on bright and white on dark images', () => {
    const truth = map((x) => (x < 100 ? 1 : 0));
    const nothing = map(() => 0);
    const dark = { ...halves(1), values: halves(1).values.map((v, i) => (i % 256 === 255 ? v : 0.1)) };
    const bright = { ...halves(1), values: halves(1).values.map((v, i) => (i % 256 === 0 ? v : 0.9)) };
    expect(pixel(paint(dark, nothing, truth), 99, 10)).toEqual([255, 255, 255]);
    expect(pixel(paint(bright, nothing, truth), 99, 10)).toEqual([0, 0, 0]);
    expect(pixel(paint(bright, nothing, truth), 98, 10)).toEqual([255, 255, 255]);
  });

  it('repeats the pixels of small images and leaves some out of large ones', () => {
    const small: Image = { values: Float32Array.from([0, 1]), size: [1, 2], channels: 1 };
    const enlarged = paint(small);
    expect([enlarged.width, enlarged.height]).toEqual([256, 128]);
    expect([pixel(enlarged, 127, 64), pixel(enlarged, 128, 64)]).toEqual([
      [0, 0, 0],
      [255, 255, 255],
    ]);
    const large: Image = { values: new Float32Array(600 * 601), size: [601, 600], channels: 1 };
    expect(paint(large)).toMatchObject({ width: 200, height: 201 });
  });

  it('shows the middle slice of a volume', () => {
    const values = Float32Array.from({ length: 3 * 2 * 2 }, (_, i) =>
      i >= 4 && i < 8 ? [0, 1, 1, 0][i - 4]! : 9,
    );
    const picture = paint({ values, size: [3, 2, 2], channels: 1 });
    expect([pixel(picture, 0, 0)[0], pixel(picture, 200, 0)[0]]).toEqual([0, 255]);
  });

  it('survives an image of one value', () => {
    expect(pixel(paint({ values: new Float32Array(4).fill(0.5), size: [2, 2], channels: 1 }), 0, 0)).toEqual([
      0, 0, 0,
    ]);
  });
});

describe('pngDataUri', () => {
  it('is a PNG of the picture', () => {
    const picture = paint(
      halves(3),
      map((x) => (x > 100 ? 1 : 0)),
    );
    const [head, body] = pngDataUri(picture).split(',');
    expect(head).toBe('data:image/png;base64');
    const decoded = decode(Buffer.from(body!, 'base64'));
    expect(decoded).toMatchObject({ width: 256, height: 256, channels: 3, depth: 8 });
    expect([...decoded.data]).toEqual([...picture.data]);
  });
});
