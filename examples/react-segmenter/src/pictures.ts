import { generatePhantoms } from '@sshn/data';

/** Pictures that the training has not seen. */
const phantoms = generatePhantoms({ kind: 'cells', count: 1000, size: [64, 64], seed: 99 });

/** A generated picture as a canvas holds it. */
export async function picture(number: number): Promise<ImageData> {
  const { image } = await phantoms.load(phantoms.ids[number % phantoms.ids.length]!);
  const [height, width] = image.size as [number, number];
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let color = 0; color < 3; color++) pixels.data[4 * i + color] = 255 * image.values[3 * i + color]!;
    pixels.data[4 * i + 3] = 255;
  }
  return pixels;
}
