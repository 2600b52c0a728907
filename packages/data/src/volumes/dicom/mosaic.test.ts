import { FileError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { decodeImage, readImageHeader } from '../../formats/decode.js';
import { dicomFile } from '../../testing/dicom-files.js';
import mosaics from '../../testing/mosaic.json' with { type: 'json' };
import { expectClose, placeOf } from '../../testing/volumes.js';
import type { Affine, Triple } from '../volume.js';
import { decodeDicom } from './decode.js';
import { encodeSegmentation } from './encode-segmentation.js';

const bytesIn = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

/** Value by place: the same volume, whichever way its slices are counted. */
function places(data: ArrayLike<number>, shape: Triple, affine: Affine): Map<string, number> {
  const [depth, height, width] = shape;
  return new Map(
    Array.from(data, (value, i) => {
      const voxel: Triple = [Math.floor(i / width / height), Math.floor(i / width) % height, i % width];
      return [
        placeOf({ affine }, voxel)
          .map((x) => (Math.round(x * 1e4) / 1e4 + 0).toFixed(4))
          .join(),
        value,
      ] as const;
    }).filter(() => depth > 0),
  );
}

describe('mosaics of Siemens', () => {
  it.each(Object.entries(mosaics.volumes))(
    '(%s) are the volumes that nibabel makes of them',
    async (_, wanted) => {
      const volume = await decodeDicom([{ name: 'mosaic', bytes: bytesIn(wanted.file) }]);
      expect(volume.shape).toEqual(wanted.shape);
      const theirs = places(
        wanted.values,
        wanted.shape as unknown as Triple,
        wanted.affine as unknown as Affine,
      );
      const ours = places(volume.data, volume.shape, volume.affine);
      expect(ours.size).toBe(wanted.values.length);
      expectClose(
        [...ours.values()],
        [...ours.keys()].map((place) => theirs.get(place) ?? Number.NaN),
        6,
      );
    },
  );

  it('that follow one another are several volumes, of which one is chosen', async () => {
    const files = mosaics.moments.map(({ file }, i) => ({ name: `m${i}`, bytes: bytesIn(file) }));
    await expect(decodeDicom(files)).rejects.toThrow(
      /series of 3 volumes of 3 slices.*`frame` \(--frame\), 0 to 2/,
    );
    const second = await decodeDicom(files.toReversed(), { frame: 1 });
    expect([...second.data]).toEqual(mosaics.moments[1]!.values);
  });

  it('are images of one slice each, by `frame`', async () => {
    const { file, values, shape } = mosaics.volumes['4 slices'];
    const bytes = bytesIn(file);
    expect(readImageHeader(bytes, 'm')).toMatchObject({ size: shape.slice(1), frames: 4 });
    await expect(decodeImage(bytes, 'm')).rejects.toThrow(/of 4 frames/);
    const image = await decodeImage(bytes, 'm', { frame: 2 });
    expect(Array.from(image.values, (v) => Math.round(v * 4095))).toEqual(values.slice(30, 45));
  });

  it('without the elements that say where slices lie are refused, as images too', async () => {
    const file = dicomFile('x', [[0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\M\\MOSAIC']]);
    await expect(decodeDicom([file])).rejects.toThrow(/mosaic.*without the private elements.*dcm2niix/);
    await expect(decodeImage(file.bytes, 'x')).rejects.toThrow(/mosaic.*without the private elements/);
    const uih = dicomFile('x', [[0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\VFRAME']]);
    await expect(decodeImage(uih.bytes, 'x')).rejects.toThrow(/UIH VFRAME/);
  });

  it('with a damaged header are refused, whatever its bytes', async () => {
    const bytes = bytesIn(mosaics.volumes['4 slices'].file);
    const at = new TextDecoder('latin1').decode(bytes).indexOf('SV10');
    for (let i = 0; i < 1500; i += 7) {
      const changed = bytes.slice();
      changed[at + i] = 255;
      changed[at + i + 1] = 255;
      const result = await decodeDicom([{ name: 'x', bytes: changed }]).catch((error: unknown) => error);
      if (result instanceof Error) expect(result).toBeInstanceOf(FileError);
    }
  });

  it('cannot be referred to by a segmentation', async () => {
    const source = { name: 'm', bytes: bytesIn(mosaics.volumes['4 slices'].file) };
    const volume = await decodeDicom([source]);
    const labels = { ...volume, data: new Uint8Array(volume.data.length).fill(1) };
    const segments = [{ number: 1, label: 'all' }];
    expect(() => encodeSegmentation(labels, [source], { segments })).toThrow(/is a mosaic/);
  });
});
