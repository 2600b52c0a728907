/** Files that tifffile and Pillow write, read as they read them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { python } from '@sshn-internal/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeStack } from '../volumes/stack.js';
import { decodeImage, readImageHeader } from './decode.js';

const script = `
import sys, numpy as np, tifffile
from PIL import Image
d = sys.argv[1]
y, x = np.mgrid[0:37, 0:53]
base = (x * 37 + y * 59 + x * y * 7)
rgb = np.stack([base, base * 3 + 5, base * 7 + 11], -1)
def put(name, expected):
    np.ascontiguousarray(expected, '<f4').tofile(f'{d}/{name}.f4')
def tif(name, a, expected, **more):
    tifffile.imwrite(f'{d}/{name}.tif', a, **more); put(name, expected)
for kind in ('uint8', 'uint16', 'uint32'):
    full = np.iinfo(kind).max
    a = (base * (full // 4096)).astype(kind); c = (rgb * (full // 4096 + 1)).astype(kind)
    tif(f'{kind}-big', a, a / full, bigtiff=True)
    tif(f'{kind}-be', a, a / full, byteorder='>')
    tif(f'{kind}-rgb', c, c / full, photometric='rgb')
    tif(f'{kind}-planar', np.moveaxis(c, -1, 0), c / full, photometric='rgb', planarconfig='separate')
    tif(f'{kind}-tiled', c, c / full, photometric='rgb', tile=(16, 32), compression='zlib')
for kind in ('int8', 'int16', 'int32'):
    a = (base - 4000).astype(kind)
    tif(kind, a, a); tif(f'{kind}-zlib', a, a, compression='zlib')
for kind in ('float16', 'float32', 'float64'):
    a = (np.sin(base / 9.) * 100).astype(kind)
    tif(kind, a, a)
    tif(f'{kind}-be', a, a, compression='zlib', byteorder='>', tile=(16, 16))
smooth = np.stack([128 + 90 * np.sin(x / 9.), 128 + 90 * np.cos(y / 7.), 128 + 90 * np.sin((x + y) / 11.)], -1).astype('uint8')
try:
    from PIL import features
    if features.check('libtiff'):
        Image.fromarray(smooth).save(f'{d}/jpeg-ycc.tif', compression='jpeg', quality=95); put('jpeg-ycc', np.asarray(Image.open(f'{d}/jpeg-ycc.tif')) / 255)
        Image.fromarray(smooth[..., 0]).save(f'{d}/jpeg-grey.tif', compression='jpeg', quality=95); put('jpeg-grey', np.asarray(Image.open(f'{d}/jpeg-grey.tif')) / 255)
        for code in ('tiff_lzw', 'tiff_adobe_deflate'):
            for name, a, full, predictor in (('grey', smooth[..., 0], 255, 2), ('rgb', smooth, 255, 2), ('deep', base.astype('uint16'), 65535, 2), ('float', np.sin(base / 9.).astype('float32'), 1, 3)):
                Image.fromarray(a).save(f'{d}/{code}-{name}.tif', compression=code, tiffinfo={317: predictor}); put(f'{code}-{name}', a / full)
except Exception as e: print(e, file=sys.stderr)
stack = (np.arange(5)[:, None, None] * 100 + base).astype('uint16')
tif('stack-pages', stack, stack / 65535, photometric='minisblack')
tif('stack-imagej', stack, stack / 65535, imagej=True, metadata={'axes': 'ZYX', 'spacing': 2.5, 'unit': 'um'}, resolution=(2., 4.))
tif('stack-ome', stack, stack / 65535, ome=True, metadata={'axes': 'ZYX', 'PhysicalSizeX': 0.5, 'PhysicalSizeY': 0.25, 'PhysicalSizeZ': 2.5})
for mode in ('L', 'RGB'):
    a = smooth if mode == 'RGB' else smooth[..., 1]
    for progressive in (False, True):
        name = f'{mode}-{progressive}'
        Image.fromarray(a).save(f'{d}/{name}.jpg', quality=90, progressive=progressive)
        put(name, np.asarray(Image.open(f'{d}/{name}.jpg')) / 255)
for orientation in range(1, 9):
    from PIL import ImageOps
    exif = Image.Exif(); exif[0x112] = orientation
    for ending in ('jpg', 'png'):
        name = f'turned-{ending}-{orientation}'
        Image.fromarray(smooth).save(f'{d}/{name}.{ending}', exif=exif)
        put(name, np.asarray(ImageOps.exif_transpose(Image.open(f'{d}/{name}.{ending}'))) / 255)
`;

const folder = mkdtempSync(join(tmpdir(), 'sshn-oracles-'));
const isThere = (() => {
  try {
    execFileSync(python, ['-c', script, folder], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
})();
afterAll(() => rmSync(folder, { recursive: true }));

const names = isThere ? readdirSync(folder).filter((name) => !name.endsWith('.f4')) : [];
const expectedOf = (name: string): Float32Array =>
  new Float32Array(new Uint8Array(readFileSync(join(folder, `${name.replace(/\.\w+$/, '')}.f4`))).buffer);

describe.skipIf(!isThere)('files of tifffile and Pillow', () => {
  it('are many', () => expect(names.length).toBeGreaterThan(50));

  it.each(names.filter((name) => !name.startsWith('stack')))('%s has their values', async (name) => {
    const bytes = new Uint8Array(readFileSync(join(folder, name)));
    const { values, size, channels } = await decodeImage(bytes, name);
    const expected = expectedOf(name);
    expect(values).toHaveLength(expected.length);
    expect(readImageHeader(bytes, name)).toMatchObject({ size, channels, frames: 1 });
    let worst = 0;
    for (let i = 0; i < values.length; i++) worst = Math.max(worst, Math.abs(values[i]! - expected[i]!));
    const isLossy = name.endsWith('.jpg') || name.startsWith('jpeg');
    // Versions of libjpeg differ in the last bits of a value.
    expect(worst).toBeLessThanOrEqual(isLossy ? 4 / 255 : 1e-6);
  });

  it.each(names.filter((name) => name.startsWith('stack')))(
    '%s is read as a volume and by page',
    async (name) => {
      const bytes = new Uint8Array(readFileSync(join(folder, name)));
      const volume = await decodeStack(bytes, name);
      expect(volume.shape).toEqual([5, 37, 53]);
      expect(volume.data).toEqual(expectedOf(name));
      const spacing = name.includes('pages') ? [1, 1, 1] : [2.5e-3, 0.25e-3, 0.5e-3];
      for (const axis of [0, 1, 2]) expect(volume.spacingMm[axis]).toBeCloseTo(spacing[axis]!, 6);
      expect(readImageHeader(bytes, name).frames).toBe(5);
      const page = await decodeImage(bytes, name, { frame: 3 });
      expect(page.values).toEqual(volume.data.subarray(3 * 37 * 53, 4 * 37 * 53));
      await expect(decodeImage(bytes, name)).rejects.toThrow(/is a TIFF stack of 5 pages/);
      await expect(decodeImage(bytes, name, { frame: 5 })).rejects.toThrow(/an index from 0 to 4/);
    },
  );
});
