import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../../testing/build.js';
import cmyk from '../../../testing/cmyk-jpeg.json' with { type: 'json' };
import { cpuTime } from '../../../testing/cpu-time.js';
import { goldenImages } from '../../../testing/golden.js';
import { decodeImage, readImageHeader } from '../../decode.js';

const plain = goldenImages.find(
  (g) => g.format === 'jpeg' && g.samples === 3 && !g.name.includes('"progressive":true'),
)!.bytes;
const progressive = goldenImages.find(
  (g) => g.format === 'jpeg' && g.name.includes('"progressive":true'),
)!.bytes;

/** A segment put right behind the start of the image. */
const withSegment = (bytes: Uint8Array, marker: number, data: Uint8Array): Uint8Array => {
  const length = data.length + 2;
  return bytesOf(bytes.subarray(0, 2), [0xff, marker, length >> 8, length & 255], data, bytes.subarray(2));
};
const exif = (orientation: number): Uint8Array =>
  bytesOf('Exif\0\0', 'MM', [0, 42, 0, 0, 0, 8, 0, 1], [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
const frameAt = (bytes: Uint8Array): number =>
  bytes.findIndex((b, i) => b === 0xff && (bytes[i + 1] === 0xc0 || bytes[i + 1] === 0xc2));

describe('JPEG', () => {
  it('is turned as EXIF says', async () => {
    const stored = await decodeImage(plain, 'a.jpg');
    expect(await decodeImage(withSegment(plain, 0xe1, exif(1)), 'a.jpg')).toEqual(stored);
    const [height, width] = stored.size as [number, number];
    const file = withSegment(plain, 0xe1, exif(6));
    expect(readImageHeader(file, 'a.jpg').size).toEqual([width, height]);
    const turned = await decodeImage(file, 'a.jpg');
    expect(turned.size).toEqual([width, height]);
    // What is at the lower left comes to the upper left.
    expect([...turned.values.subarray(0, 3)]).toEqual([
      ...stored.values.subarray((height - 1) * width * 3, (height - 1) * width * 3 + 3),
    ]);
    await expect(
      decodeImage(withSegment(plain, 0xe1, bytesOf('Exif\0\0II')), 'a.jpg'),
    ).resolves.toBeDefined();
  });

  it('that lacks its last marker is whole, and one that lacks pixels is not', async () => {
    for (const bytes of [plain, progressive]) {
      expect(await decodeImage(bytes.subarray(0, -2), 'a.jpg')).toEqual(await decodeImage(bytes, 'a.jpg'));
    }
    const cut = plain.subarray(0, plain.length - 60);
    await expect(decodeImage(cut, 'a.jpg')).rejects.toThrow(/damaged or cut off JPEG/);
    await expect(decodeImage(bytesOf(cut, [0xff, 0xd9]), 'a.jpg')).rejects.toThrow(/damaged or cut off JPEG/);
  });

  it('without a scan, or with one of a spectrum that makes no sense, is refused', async () => {
    const scan = plain.findIndex((b, i) => b === 0xff && plain[i + 1] === 0xda);
    await expect(decodeImage(bytesOf(plain.subarray(0, scan), [0xff, 0xd9]), 'a.jpg')).rejects.toThrow(
      /its pixels are missing/,
    );
    const first = progressive.findIndex((b, i) => b === 0xff && progressive[i + 1] === 0xda);
    const end = first + 2 + 256 * progressive[first + 2]! + progressive[first + 3]!;
    await expect(decodeImage(progressive.with(end - 2, 5), 'a.jpg')).rejects.toThrow(/coefficients 0 to 5/);
  });

  it('whose Adobe marker says RGB is not taken for luma and chroma', async () => {
    const adobe = (transform: number): Uint8Array => bytesOf('Adobe', [0, 100, 0, 0, 0, 0, transform]);
    const asYCbCr = await decodeImage(withSegment(plain, 0xee, adobe(1)), 'a.jpg');
    const asRgb = await decodeImage(withSegment(plain, 0xee, adobe(0)), 'a.jpg');
    expect(asYCbCr).toEqual(await decodeImage(plain, 'a.jpg'));
    // Under JFIF, R = Y + 1.402 (Cr − 128 / 255).
    const [y, , cr] = asRgb.values;
    expect(asYCbCr.values[0]).toBeCloseTo(Math.min(1, y! + 1.402 * (cr! - 128 / 255)), 2);
  });

  it.each([
    ['of 12 bits', (at: number) => ({ [at + 4]: 12 }), /12 bits per sample/],
    ['of 2 components', (at: number) => ({ [at + 9]: 2 }), /2 components/],
    ['of 5 components', (at: number) => ({ [at + 9]: 5 }), /5 components/],
    ['that is lossless', (at: number) => ({ [at + 1]: 0xc3 }), /lossless coding/],
    ['with arithmetic coding', (at: number) => ({ [at + 1]: 0xc9 }), /arithmetic or layered coding/],
    ['without a size', (at: number) => ({ [at + 5]: 0, [at + 6]: 0 }), /a size of 21 × 0 pixels/],
  ])('%s is refused', async (_, change, message) => {
    const bytes = plain.slice();
    for (const [at, value] of Object.entries(change(frameAt(plain)))) bytes[Number(at)] = value;
    await expect(decodeImage(bytes, 'a.jpg')).rejects.toThrow(message);
  });

  it('with hundreds of scans, which would take any time to read, is refused', async () => {
    const scan = progressive.lastIndexOf(0xda) - 1;
    const body = progressive.subarray(scan, progressive.length - 2);
    const many = bytesOf(
      progressive.subarray(0, scan),
      ...new Array<Uint8Array>(300).fill(body),
      [0xff, 0xd9],
    );
    await expect(decodeImage(many, 'a.jpg')).rejects.toThrow(/more than 200 scans/);
  });

  it.each([
    ['ffd8ffc1f151d800ff51d800ffdaffde', 'loops in older versions of the codec'],
    [
      'ffd8ffc09dfdb0ffff0e5296bd7fbbc4f9579096bd7fbbfc0e80d50000ffff36fa400100236701bf73ffaf8003a57f097f5e00000000',
      'asks for gigabytes',
    ],
    ['ffd8ffc11b476f1be0600ee03180576436396333143', 'is all header'],
  ])('%s, which %s, is refused at once', async (hex) => {
    const bytes = Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
    const before = cpuTime();
    await expect(decodeImage(bytes, 'a.jpg')).rejects.toThrow(/^a\.jpg: /);
    expect(cpuTime() - before).toBeLessThan(2000);
  });
});

describe('JPEG of four inks', () => {
  const bytesIn = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

  it.each(cmyk.images.map((image) => [image.name, image] as const))(
    '(%s) has the colors that Pillow reads',
    async (_, { file, rgb }) => {
      const bytes = bytesIn(file);
      expect(readImageHeader(bytes, 'a.jpg')).toMatchObject({ size: [cmyk.height, cmyk.width], channels: 3 });
      const { values, channels } = await decodeImage(bytes, 'a.jpg');
      expect(channels).toBe(3);
      const wanted = bytesIn(rgb);
      const apart = wanted.map((value, i) => Math.abs(value - Math.round(values[i]! * 255)));
      // Transforms round differently; where inks are darkest, an error of one counts most.
      expect(Math.max(...apart)).toBeLessThanOrEqual(3);
      expect(apart.reduce((sum, value) => sum + value, 0) / apart.length).toBeLessThan(0.6);
    },
  );

  it('that is cut off is refused', async () => {
    for (const { file } of cmyk.images) {
      const bytes = bytesIn(file);
      const cut = bytesOf(bytes.subarray(0, bytes.length - 200), [0xff, 0xd9]);
      await expect(decodeImage(cut, 'a.jpg')).rejects.toThrow(/^a\.jpg: .*JPEG/);
    }
  });
});
