import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Rng, ShapeError, ValueError } from '@sshn/core';
import { python, pythonHas } from '@sshn-internal/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { dicomFile, without } from '../../testing/dicom-files.js';
import { expectClose } from '../../testing/volumes.js';
import { decodeDicom } from './decode.js';
import { encodeSegmentation } from './encode-segmentation.js';
import type { Segment } from './segmentation.js';
import { type Written, writeDicom } from './write.js';

const segments: readonly Segment[] = [
  {
    number: 1,
    label: 'liver',
    category: { value: '123037004', scheme: 'SCT', meaning: 'Anatomical Structure' },
    type: { value: '10200004', scheme: 'SCT', meaning: 'Liver' },
  },
  {
    number: 3,
    label: 'Läsion 肝',
    category: { value: '49755003', scheme: 'SCT', meaning: 'Morphologically Altered Structure' },
    type: { value: '52988006', scheme: 'SCT', meaning: 'Lesion' },
  },
];

// A tilted stack, its slices in no order.
const [sin, cos] = [Math.sin(0.3), Math.cos(0.3)];
const series = [3, 0, 4, 1, 2].map((d) =>
  dicomFile(`slice ${d}`, [
    [0x00080020, 'DA', '20260101'],
    [0x00100010, 'PN', 'Nobody^Ever'],
    [0x00100020, 'LO', 'x1'],
    [0x00180050, 'DS', '2'],
    [0x00200032, 'DS', `10\\${(20 - 2.5 * d * sin).toFixed(6)}\\${(30 + 2.5 * d * cos).toFixed(6)}`],
    [0x00200037, 'DS', `1\\0\\0\\0\\${cos.toFixed(8)}\\${sin.toFixed(8)}`],
    [0x00200052, 'UI', '1.2.9'],
    [0x00280030, 'DS', '0.7\\0.9'],
  ]),
);
const scan = await decodeDicom(series);
const rng = Rng.fromSeed(9);
const labelled = Uint8Array.from({ length: 30 }, (_, i) => (i < 6 ? 0 : [0, 1, 3][rng.integer(3)]!));
const labels = { ...scan, data: labelled };
let serial = 0;
const written = { segments, date: new Date('2026-02-03T04:05:06Z'), createUid: () => `1.2.3.${++serial}` };

describe('a segmentation', () => {
  it.each(['binary', 'labelMap'] as const)('is read as it was written, %s', async (kind) => {
    const bytes = encodeSegmentation(labels, series, { ...written, kind });
    const read = await decodeDicom([{ name: 'seg.dcm', bytes }]);
    expect(read.segments).toEqual(segments);
    // Binary: the first slice, which no segment reaches, is left out.
    const skipped = kind === 'binary' ? 1 : 0;
    expect(read.shape).toEqual([5 - skipped, 2, 3]);
    expect([...read.data]).toEqual([...labelled.subarray(6 * skipped)]);
    for (const [i, row] of read.affine.entries()) {
      const [d, h, w, offset] = scan.affine[i]!;
      expectClose([...row], [d, h, w, offset + skipped * d], 4);
    }
  });

  it('is read one segment at a time', async () => {
    const bytes = encodeSegmentation(labels, series, written);
    const { data } = await decodeDicom([{ name: 'seg.dcm', bytes }], { segment: 3 });
    expect([...data]).toEqual([...labelled.subarray(6)].map((label) => (label === 3 ? 3 : 0)));
    await expect(decodeDicom([{ name: 'seg.dcm', bytes }], { segment: 2 })).rejects.toThrow(
      'seg.dcm: has no segment 2. Take one of 1 (liver), 3 (Läsion 肝).',
    );
    await expect(decodeDicom(series, { segment: 1 })).rejects.toThrow(ValueError);
  });

  it('beside its series is left out, with a warning', async () => {
    const bytes = encodeSegmentation(labels, series, written);
    const warnings: string[] = [];
    const both = [{ name: 'seg.dcm', bytes }, ...series];
    expect((await decodeDicom(both, { onWarning: (warning) => warnings.push(warning) })).data).toEqual(
      scan.data,
    );
    expect(warnings).toEqual(['seg.dcm: is a segmentation beside images, and was left out']);
    await expect(decodeDicom([both[0]!, both[0]!])).rejects.toThrow('seg.dcm: is a second segmentation');
  });

  it('without a labelled voxel has one frame, of more than 255 labels words', async () => {
    const empty = encodeSegmentation({ ...labels, data: new Uint8Array(30) }, series, written);
    expect(Math.max(...(await decodeDicom([{ name: 'x', bytes: empty }])).data)).toBe(0);
    const many = { ...labels, data: Uint16Array.from(labelled, (label) => (label === 3 ? 700 : label)) };
    const wide = [segments[0]!, { ...segments[1]!, number: 700 }];
    for (const kind of ['binary', 'labelMap'] as const) {
      const bytes = encodeSegmentation(many, series, { ...written, segments: wide, kind });
      expect([...(await decodeDicom([{ name: 'x', bytes }])).data].slice(-24)).toEqual([
        ...many.data.subarray(6),
      ]);
    }
  });

  it('is refused where segments overlap, are fractions, or lie on no grid', async () => {
    const group = (segment: number, z: number): Written => [
      [0x00209113, 'SQ', [[[0x00200032, 'DS', `0\\0\\${z}`]]]],
      [0x0062000a, 'SQ', [[[0x0062000b, 'US', [segment]]]]],
    ];
    const names = segments.map(
      ({ number, label }): Written => [
        [0x00620004, 'US', [number]],
        [0x00620005, 'LO', label],
      ],
    );
    const file = (places: number[], more: Written = []) =>
      dicomFile('seg', [
        [0x00080005, 'CS', 'ISO_IR 192'],
        [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.66.4'],
        without(0x00200032),
        [0x00280008, 'IS', String(places.length)],
        [0x00280100, 'US', [1]],
        [0x00280101, 'US', [1]],
        [0x00280102, 'US', [0]],
        [0x00620001, 'CS', 'BINARY'],
        [0x00620002, 'SQ', names],
        [0x52009230, 'SQ', places.map((z, i) => group(i % 2 === 0 ? 1 : 3, z))],
        [0x7fe00010, 'OB', Uint8Array.of(0xff, 0xff, 0xff)],
        ...more,
      ]);
    await expect(decodeDicom([file([0, 0])])).rejects.toThrow(
      'seg: has segments that overlap, liver and Läsion 肝, and a voxel has one label. Read one segment alone, with the option `segment`.',
    );
    expect([...(await decodeDicom([file([0, 0])], { segment: 3 })).data]).toEqual([3, 3, 3, 3, 3, 3]);
    await expect(decodeDicom([file([0, 1, 2.4])])).rejects.toThrow(/frames that make no grid/);
    // Slices between them that nobody labelled are background.
    expect((await decodeDicom([file([0, 4, 6])])).shape).toEqual([4, 2, 3]);
    await expect(decodeDicom([file([0, 1], [[0x00620001, 'CS', 'FRACTIONAL']])])).rejects.toThrow(
      /type FRACTIONAL/,
    );
  });

  it('is not written of labels elsewhere, or that no segment stands for', () => {
    const write = (changed: Partial<typeof labels>, list = segments) =>
      encodeSegmentation({ ...labels, ...changed }, series, { ...written, segments: list });
    expect(() => write({ shape: [2, 5, 3] })).toThrow(ShapeError);
    const [a, b, c] = scan.affine;
    expect(() => write({ affine: [[a[0], a[1], a[2], a[3] + 1], b, c] })).toThrow(/resampleOnto/);
    expect(() => write({}, segments.slice(0, 1))).toThrow('got 3, expected 0 or the number of a segment: 1');
    expect(() => write({}, [segments[0]!, segments[0]!])).toThrow(ValueError);
    expect(() => write({}, [])).toThrow(ValueError);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'sshn-seg-'));
afterAll(() => rmSync(folder, { recursive: true }));
const runs = (command: string, ...args: string[]) => {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe.skipIf(!pythonHas('pydicom, numpy'))('read by pydicom', () => {
  it.each(['binary', 'labelMap'] as const)('%s', (kind) => {
    const path = join(folder, `${kind}.dcm`);
    writeFileSync(path, encodeSegmentation(labels, series, { ...written, kind }));
    const script = `
import json, sys, pydicom
d = pydicom.dcmread(sys.argv[1])
frames = d.pixel_array.reshape(-1, d.Rows * d.Columns)
json.dump({
  'class': d.SOPClassUID, 'kind': d.SegmentationType, 'patient': str(d.PatientName), 'study': d.StudyInstanceUID,
  'frame': d.FrameOfReferenceUID, 'series': d.ReferencedSeriesSequence[0].SeriesInstanceUID,
  'images': [r.ReferencedSOPInstanceUID for r in d.ReferencedSeriesSequence[0].ReferencedInstanceSequence],
  'labels': [[s.SegmentNumber, s.SegmentLabel, s.SegmentedPropertyTypeCodeSequence[0].CodeMeaning] for s in d.SegmentSequence],
  'spacing': [float(v) for v in d.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing],
  'frames': [{
    'segment': g.SegmentIdentificationSequence[0].ReferencedSegmentNumber if 'SegmentIdentificationSequence' in g else 0,
    'position': [float(v) for v in g.PlanePositionSequence[0].ImagePositionPatient],
    'source': g.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID,
    'index': [int(v) for v in (lambda v: [v] if isinstance(v, int) else v)(g.FrameContentSequence[0].DimensionIndexValues)],
    'pixels': frames[i].tolist(),
  } for i, g in enumerate(d.PerFrameFunctionalGroupsSequence)],
}, sys.stdout)`;
    const read = JSON.parse(execFileSync(python, ['-W', 'ignore', '-c', script, path], { encoding: 'utf8' }));
    expect(read).toMatchObject({
      class: `1.2.840.10008.5.1.4.1.1.66.${kind === 'binary' ? 4 : 7}`,
      kind: kind === 'binary' ? 'BINARY' : 'LABELMAP',
      patient: 'Nobody^Ever',
      study: '1.2.1',
      frame: '1.2.9',
      series: '1.2.2',
      labels: [
        [1, 'liver', 'Liver'],
        [3, 'Läsion 肝', 'Lesion'],
      ],
      spacing: [0.7, 0.9],
    });
    expect(read.images).toHaveLength(5);
    expect(read.frames).toHaveLength(kind === 'binary' ? 8 : 5);
    const found = new Uint8Array(30);
    for (const { segment, position, index, pixels, source } of read.frames) {
      const slice = index.at(-1) - 1;
      expect(index).toEqual(kind === 'binary' ? [segment, slice + 1] : [slice + 1]);
      expectClose(position, [10, 20 - 2.5 * slice * sin, 30 + 2.5 * slice * cos], 5);
      expect(read.images[slice]).toBe(source);
      for (const [p, value] of pixels.entries())
        found[6 * slice + p] += kind === 'binary' ? value * segment : value;
    }
    expect([...found]).toEqual([...labelled]);
  });
});

describe.skipIf(!runs('dcmdump', '--version'))('read by dcmtk', () => {
  it.each(['binary', 'labelMap'] as const)('%s without a warning', (kind) => {
    const path = join(folder, `${kind}-dcmtk.dcm`);
    writeFileSync(path, encodeSegmentation(labels, series, { ...written, kind }));
    const text = execFileSync('dcmdump', ['+L', path], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(text).toContain('(0062,0002) SQ');
    expect(text).not.toMatch(/^[WE]:/m);
  });
});

it('writes UIDs as the standard wants them', () => {
  const { segments: list, date } = written;
  const text = String.fromCharCode(...encodeSegmentation(labels, series, { segments: list, date }));
  const uids = text.match(/2\.25\.\d+/g)!;
  expect(new Set(uids).size).toBeGreaterThanOrEqual(4);
  for (const uid of uids) expect(uid.length).toBeLessThanOrEqual(64);
  expect(() =>
    writeDicom([[0x00080060, 'CS', 'x'.repeat(70_000)]], { sopClass: '1', sopInstance: '2' }),
  ).toThrow(ValueError);
});
