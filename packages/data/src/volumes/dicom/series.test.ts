import { FileError, ValueError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../formats/decode.js';
import { cpuTime } from '../../testing/cpu-time.js';
import { dicomFile, frames, without } from '../../testing/dicom-files.js';
import { placeOf } from '../../testing/volumes.js';
import { type DecodeDicomOptions, decodeDicom } from './decode.js';
import type { Written } from './write.js';

const one = (elements: Written, options?: DecodeDicomOptions) =>
  decodeDicom([dicomFile('x', elements)], options);
const signed = (values: number[]): Written => [
  [0x00280103, 'US', [1]],
  [0x7fe00010, 'OW', values.map((value) => value & 0xffff)],
];
const eightBits: Written = [
  [0x00280100, 'US', [8]],
  [0x00280101, 'US', [8]],
  [0x00280102, 'US', [7]],
  [0x7fe00010, 'OB', Uint8Array.of(9, 8, 7, 6, 5, 4)],
];

describe('a series of several types', () => {
  it('takes one that holds all numbers', async () => {
    const low = signed([-1000, -999, -998, 0, 1, 2]);
    const high: Written = [[0x7fe00010, 'OW', [60000, 1, 2, 3, 4, 5]]];
    const mixed = await decodeDicom([dicomFile('a', [], 0), dicomFile('b', low, 1), dicomFile('c', high, 2)]);
    expect(mixed.data).toBeInstanceOf(Int32Array);
    expect([mixed.data[6], mixed.data[12]]).toEqual([-1000, 60000]);
    const widths = await decodeDicom([
      dicomFile('a', eightBits),
      dicomFile('b', [[0x7fe00010, 'OW', [1000, 0, 0, 0, 0, 0]]], 1),
    ]);
    expect(widths.data).toBeInstanceOf(Uint16Array);
    expect([widths.data[0], widths.data[6]]).toEqual([9, 1000]);
    const bytes = await decodeDicom([
      dicomFile('a', eightBits),
      dicomFile('b', [...eightBits, [0x00280103, 'US', [1]]], 1),
    ]);
    expect(bytes.data).toBeInstanceOf(Int16Array);
    const words = (sign: number, value: number): Written => [
      [0x00280100, 'US', [32]],
      [0x00280101, 'US', [32]],
      [0x00280102, 'US', [31]],
      [0x00280103, 'US', [sign]],
      [0x7fe00010, 'OW', new Uint8Array(Uint32Array.from({ length: 6 }, () => value).buffer)],
    ];
    const wide = await decodeDicom([dicomFile('a', words(0, 4e9)), dicomFile('b', words(1, -7), 1)]);
    expect([wide.data.constructor, wide.data[0], wide.data[6]]).toEqual([Float64Array, 4e9, -7]);
  });

  it('keeps whole numbers where only some slices are rescaled', async () => {
    const scaled: Written = [
      [0x00281052, 'DS', '-1024'],
      [0x00281053, 'DS', '0.5'],
    ];
    const { data } = await decodeDicom([dicomFile('a', []), dicomFile('b', scaled, 1)]);
    expect([...data]).toEqual([0, 1, 2, 3, 4, 5, -1024, -1023.5, -1023, -1022.5, -1022, -1021.5]);
  });
});

describe('places outside the usual element', () => {
  const detector: Written = [
    [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.20'],
    [0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\RECON TOMO'],
    without(0x00200032),
    without(0x00200037),
    [
      0x00540022,
      'SQ',
      [
        [
          [0x00200032, 'DS', '10\\20\\30'],
          [0x00200037, 'DS', '1\\0\\0\\0\\1\\0'],
        ],
      ],
    ],
  ];

  it.each([
    ['5', [5, 35]],
    ['-5', [-5, 25]],
  ])('are read of nuclear medicine with slices %s mm apart', async (spacing, [, second]) => {
    const volume = await one([...frames(3), ...detector, [0x00180088, 'DS', spacing]]);
    expect(volume.spacingMm).toEqual([5, 1, 1]);
    const place = (value: number) => placeOf(volume, [Math.floor([...volume.data].indexOf(value) / 6), 0, 0]);
    expect(place(0)).toEqual([-10, -20, 30]);
    expect(place(6)).toEqual([-10, -20, second]);
  });

  it('follow the order of slices that nuclear medicine writes beside them', async () => {
    const volume = await one([
      ...frames(3),
      ...detector,
      [0x00180088, 'DS', '2'],
      [0x00540080, 'US', [3, 1, 2]],
    ]);
    expect([volume.data[0], volume.data[6], volume.data[12]]).toEqual([6, 12, 0]);
  });

  it.each([
    ['counted from the first slice', '0\\0\\7', '0\\4\\8', [7, 11, 15]],
    ['as heights', '0\\0\\7', '7\\11\\15', [7, 11, 15]],
    ['downward', '0\\0\\7', '0\\-4\\-8', [7, 3, -1]],
  ])('are read of a dose grid %s', async (_, position, offsets, heights) => {
    const dose: Written = [
      [0x00080060, 'CS', 'RTDOSE'],
      [0x00200032, 'DS', position],
      [0x3004000c, 'DS', offsets],
      [0x3004000e, 'DS', '0.5'],
    ];
    const volume = await one([...frames(3), ...dose]);
    expect(volume.spacingMm).toEqual([4, 1, 1]);
    for (const [frame, height] of heights.entries()) {
      const slice = Math.floor([...volume.data].indexOf(3 * frame) / 6);
      expect(placeOf(volume, [slice, 0, 0])[2]).toBe(height);
    }
    await expect(one([...frames(3), ...dose.slice(0, 3)])).rejects.toThrow(/dose without its scale/);
  });

  it('are read of groups that all frames share', async () => {
    const shared: Written = [
      without(0x00200032),
      [
        0x52009229,
        'SQ',
        [
          [
            [0x00209113, 'SQ', [[[0x00200032, 'DS', '1\\2\\3']]]],
            [
              0x00289110,
              'SQ',
              [
                [
                  [0x00180088, 'DS', '2.5'],
                  [0x00280030, 'DS', '0.5\\0.75'],
                ],
              ],
            ],
          ],
        ],
      ],
    ];
    const volume = await one([...frames(2), without(0x00280030), ...shared]);
    expect(volume.spacingMm).toEqual([2.5, 0.5, 0.75]);
    expect(placeOf(volume, [1, 0, 0])).toEqual([-1, -2, 5.5]);
  });
});

describe('numbers of the modality', () => {
  it('come from a table, where there is one', async () => {
    const table: Written = [
      [0x00283002, 'US', [4, 1, 16]],
      [0x00283006, 'OW', [100, 200, 400, 65535]],
    ];
    const { data } = await one([[0x00283000, 'SQ', [table]]]);
    expect([...data]).toEqual([100, 100, 200, 400, 65535, 65535]);
    const cut = one([[0x00283000, 'SQ', [[table[0]!, [0x00283006, 'OW', [1, 2]]]]]]);
    await expect(cut).rejects.toThrow(/the table of its modality is cut off/);
  });

  it('are refused where a slope of 0 would make them one', async () => {
    await expect(one([[0x00281053, 'DS', '0']])).rejects.toThrow(/x: .*a slope of 0/);
    await expect(decodeImage(dicomFile('x', [[0x00281053, 'DS', '0.0']]).bytes, 'x')).rejects.toThrow(
      /slope of 0/,
    );
  });

  it('are those of floating-point pixels, if they are finite', async () => {
    const values = [0, 0.25, -1.5, 3e30, 5, 6];
    const floats = (list: number[]): Written => [
      without(0x7fe00010),
      [0x7fe00008, 'OF', new Uint8Array(Float32Array.from(list).buffer)],
    ];
    const { data } = await one(floats(values));
    expect(data).toEqual(Float32Array.from(values));
    const doubles: Written = [
      without(0x7fe00010),
      [0x7fe00009, 'OD', new Uint8Array(Float64Array.from(values).buffer)],
    ];
    expect((await one(doubles)).data).toEqual(Float64Array.from(values));
    await expect(one(floats([0, Number.NaN, 0, 0, 0, 0]))).rejects.toThrow(/not finite/);
    await expect(one(floats([1, 2]))).rejects.toThrow(/8 of 24 bytes of its pixels are there/);
  });
});

describe('several volumes in one place', () => {
  const moments = [2, 0, 1].flatMap((time) =>
    [0, 1].map((z) =>
      dicomFile(
        `${time}-${z}`,
        [
          [0x00200100, 'IS', String(time)],
          [0x7fe00010, 'OW', [10 * time + z, 0, 0, 0, 0, 0]],
        ],
        3 * z,
      ),
    ),
  );

  it('are told, and one of them chosen', async () => {
    await expect(decodeDicom(moments)).rejects.toThrow(
      'is of a series of 3 volumes of 2 slices, which differ in temporal position, and one is expected. Choose one with `frame` (--frame), 0 to 2.',
    );
    for (const frame of [0, 1, 2]) {
      const { data, shape, spacingMm } = await decodeDicom(moments, { frame });
      expect([data[0], data[6], shape, spacingMm]).toEqual([
        10 * frame,
        10 * frame + 1,
        [2, 2, 3],
        [3, 1, 1],
      ]);
    }
    await expect(decodeDicom(moments, { frame: 3 })).rejects.toThrow(ValueError);
    await expect(decodeDicom(moments.slice(0, 2), { frame: 1 })).rejects.toThrow(
      'got 1, expected 0: it holds one volume',
    );
    await expect(decodeDicom(moments.slice(1))).rejects.toThrow(/slice at the place of one in/);
  });

  it('are films and views of a detector, too', async () => {
    const film: Written = [...frames(4), [0x00280009, 'AT', [0x00181063]], [0x00181063, 'DS', '40']];
    await expect(one(film)).rejects.toThrow(/a series of 4 images of one slice/);
    expect([...(await one(film, { frame: 2 })).data]).toEqual([12, 13, 14, 15, 16, 17]);
    const views: Written = [
      ...frames(2),
      [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.20'],
      [0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\TOMO'],
    ];
    await expect(one(views)).rejects.toThrow(/2 images of one slice/);
  });

  it('are frames of one file, chosen as images or as volumes', async () => {
    const { bytes } = dicomFile('x', frames(3));
    await expect(decodeImage(bytes, 'x')).rejects.toThrow(/Choose one with `frame` \(--frame\), 0 to 2/);
    const { values } = await decodeImage(bytes, 'x', { frame: 1 });
    expect(Math.round(values[0]! * 65535)).toBe(6);
    await expect(decodeImage(bytes, 'x', { frame: 3 })).rejects.toThrow(ValueError);
    await expect(decodeImage(dicomFile('y', []).bytes, 'y', { frame: 1 })).rejects.toThrow(
      'y: frame: got 1, expected 0: it holds one image',
    );
  });
});

describe('files that are refused by name', () => {
  it.each([
    ['one of UIH', [[0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\VFRAME']], /UIH VFRAME/],
    ['frames that are no number', [[0x00280008, 'IS', '1A']], /"1A" frames/],
    ['no frames', [[0x00280008, 'IS', '0']], /"0" frames/],
  ] as const)('%s', async (_, elements, message) => {
    await expect(one(elements as unknown as Written)).rejects.toThrow(message);
  });

  it('JPEG without pixels, or with a scan that cannot be', async () => {
    const item = (data: number[]) => [
      0xfe,
      0xff,
      0,
      0xe0,
      data.length & 255,
      data.length >> 8,
      0,
      0,
      ...data,
    ];
    const coded = (jpeg: number[]) => {
      const { bytes } = dicomFile('x', [without(0x7fe00010)]);
      const pixels = [0xe0, 0x7f, 0x10, 0, 0x4f, 0x42, 0, 0, 255, 255, 255, 255, ...item([]), ...item(jpeg)];
      return { name: 'x', bytes: Uint8Array.from([...bytes, ...pixels, 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]) };
    };
    const frame = [0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 2, 0, 3, 1, 1, 0x11, 0];
    await expect(decodeDicom([coded([...frame, 0xff, 0xd9])])).rejects.toThrow(/its JPEG has no pixels/);
    const progressive = frame.with(3, 0xc2);
    const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 40, 20, 0x99, 1, 2, 3];
    await expect(decodeDicom([coded([...progressive, ...scan, 0xff, 0xd9])])).rejects.toThrow(FileError);
  });
});

it('leaves out what is no image, and says so', async () => {
  const text = (name: string) => ({ name, bytes: new TextEncoder().encode('not an image, but a few words') });
  const report = dicomFile('sr', [
    without(0x7fe00010),
    [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.88.11'],
    [0x00080060, 'CS', 'SR'],
  ]);
  const warnings: string[] = [];
  const files = [
    text('readme.txt'),
    dicomFile('a', []),
    report,
    dicomFile('b', [], 1),
    { name: 'Thumbs.db', bytes: new Uint8Array(0) },
  ];
  const { shape } = await decodeDicom(files, { onWarning: (warning) => warnings.push(warning) });
  expect(shape).toEqual([2, 2, 3]);
  expect(warnings).toEqual([
    'readme.txt: is not a DICOM file, and was left out',
    'sr: is a DICOM file without pixels, a structured report, and was left out',
    'Thumbs.db: is not a DICOM file, and was left out',
  ]);
  await expect(decodeDicom([report])).rejects.toThrow(
    'sr: is a DICOM file without pixels, a structured report. Take the images themselves.',
  );
});

it('refuses a small file that claims many frames, before it takes memory', async () => {
  for (const claimed of [2 ** 18, 2 ** 27, 2 ** 31 - 1]) {
    const file = dicomFile('x', [
      [0x00280008, 'IS', String(claimed)],
      [0x00280010, 'US', [1]],
      [0x00280011, 'US', [1]],
    ]);
    expect(file.bytes.length).toBeLessThan(800);
    const start = cpuTime();
    await expect(decodeDicom([file], { maxVoxels: 2 ** 31 })).rejects.toThrow(FileError);
    await expect(decodeImage(file.bytes, 'x', { frame: claimed - 1 })).rejects.toThrow(FileError);
    expect(cpuTime() - start).toBeLessThan(500);
  }
});
