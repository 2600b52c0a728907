/** The parts of a segmentation's data set. *Source*: DICOM PS3.3, section A.51. */

import type { Code } from '../../dataset/types.js';
import type { Elements } from '../../formats/readers/dicom/elements.js';
import { tags } from '../../formats/readers/dicom/tags.js';
import type { Volume } from '../volume.js';
import type { Segment } from './segmentation.js';
import type { SeriesFrame } from './series.js';
import { decimal, type Written, type WrittenElement } from './write.js';

const tissue: Code = { value: '85756007', scheme: 'SCT', meaning: 'Tissue' };
const anatomy: Code = { value: '123037004', scheme: 'SCT', meaning: 'Anatomical Structure' };
const segmentation: Code = { value: '113076', scheme: 'DCM', meaning: 'Segmentation' };
const sourceImage: Code = {
  value: '121322',
  scheme: 'DCM',
  meaning: 'Source image for image processing operation',
};

/** A frame of the segmentation: a slice, of one segment or of all. */
export interface LabelFrame {
  readonly slice: number;
  /** Undefined where the frame holds all of them. */
  readonly segment: number | undefined;
}

export function ofPatientAndStudy(elements: Elements): Written {
  const copied = (tag: number, kind: string): WrittenElement => [
    tag,
    kind,
    elements.text(tag, elements.encoding) ?? '',
  ];
  return [
    [0x00080005, 'CS', 'ISO_IR 192'],
    copied(tags.studyDate, 'DA'),
    copied(tags.studyTime, 'TM'),
    copied(tags.accessionNumber, 'SH'),
    copied(tags.referringPhysician, 'PN'),
    copied(tags.patientName, 'PN'),
    copied(tags.patientId, 'LO'),
    copied(tags.patientBirthDate, 'DA'),
    copied(tags.patientSex, 'CS'),
    copied(tags.studyId, 'SH'),
    [0x0020000d, 'UI', elements.text(tags.studyInstance) ?? ''],
  ];
}

export function ofThisSeries(
  {
    description = 'Segmentation',
    algorithm = '@sshn',
  }: { readonly description?: string; readonly algorithm?: string },
  date: Date,
  createUid: () => string,
): Written {
  const [day, time] = date.toISOString().split('T') as [string, string];
  return [
    [0x00080008, 'CS', 'DERIVED\\PRIMARY'],
    [0x00080023, 'DA', day.replaceAll('-', '')],
    [0x00080033, 'TM', time.slice(0, 8).replaceAll(':', '')],
    [0x00080060, 'CS', 'SEG'],
    [0x00080070, 'LO', '@sshn'],
    [0x0008103e, 'LO', description.slice(0, 64)],
    [0x00081090, 'LO', algorithm.slice(0, 64)],
    [0x00181000, 'LO', '0'],
    [0x00181020, 'LO', '0'],
    [0x0020000e, 'UI', createUid()],
    [0x00200011, 'IS', '1'],
    [0x00200013, 'IS', '1'],
    [0x00201040, 'LO', ''],
    [0x00700080, 'CS', 'SEGMENTATION'],
    [0x00700081, 'LO', description.slice(0, 64)],
    [0x00700084, 'PN', ''],
  ];
}

export function segmentItem(
  { number, label, category = anatomy, type = tissue }: Segment,
  algorithm: string,
): Written {
  return [
    [0x00620003, 'SQ', [codeItem(category)]],
    [0x00620004, 'US', [number]],
    [0x00620005, 'LO', label.slice(0, 64)],
    [0x00620008, 'CS', 'AUTOMATIC'],
    [0x00620009, 'LO', algorithm.slice(0, 64)],
    [0x0062000f, 'SQ', [codeItem(type)]],
  ];
}

function codeItem({ value, scheme, meaning }: Code): Written {
  return [
    [0x00080100, 'SH', value],
    [0x00080102, 'SH', scheme],
    [0x00080104, 'LO', meaning],
  ];
}

/** Frames are counted by segment, then by place. */
export function dimensions(kind: 'binary' | 'labelMap', uid: string): Written {
  const index = (pointer: number, group: number): Written => [
    [0x00209164, 'UI', uid],
    [0x00209165, 'AT', [pointer]],
    [0x00209167, 'AT', [group]],
  ];
  const bySegment = index(tags.referencedSegment, tags.segmentIdentification);
  const byPlace = index(tags.imagePosition, tags.planePosition);
  return [
    [0x00209221, 'SQ', [[[0x00209164, 'UI', uid]]]],
    [0x00209222, 'SQ', kind === 'binary' ? [bySegment, byPlace] : [byPlace]],
  ];
}

export function referencedSeries(slices: readonly SeriesFrame[]): Written {
  const files = [...new Set(slices.map(({ source }) => source))];
  return [
    [0x0020000e, 'UI', files[0]!.file.elements.text(tags.seriesInstance) ?? ''],
    [0x0008114a, 'SQ', files.map(({ file }) => reference(file.elements))],
  ];
}

function reference(elements: Elements): Written {
  return [
    [0x00081150, 'UI', elements.text(tags.sopClass) ?? ''],
    [0x00081155, 'UI', elements.text(tags.sopInstance) ?? ''],
  ];
}

export function sharedGroups({ plane }: SeriesFrame, { spacingMm }: Volume): Written {
  const { alongWidth, alongHeight, spacingMm: inPlane, thicknessMm } = plane;
  return [
    [0x00209116, 'SQ', [[[0x00200037, 'DS', [...alongWidth, ...alongHeight].map(decimal).join('\\')]]]],
    [
      0x00289110,
      'SQ',
      [
        [
          [0x00180050, 'DS', decimal(thicknessMm ?? spacingMm[0])],
          [0x00180088, 'DS', decimal(spacingMm[0])],
          [0x00280030, 'DS', inPlane.map(decimal).join('\\')],
        ],
      ],
    ],
  ];
}

export function frameGroups({ slice, segment }: LabelFrame, { plane, source, index }: SeriesFrame): Written {
  const place = slice + 1;
  const { elements } = source.file;
  const isOneOfMany = source.layout.frames > 1;
  const image: Written = [
    ...reference(elements),
    ...(isOneOfMany ? ([[0x00081160, 'IS', String(index + 1)]] as const) : []),
    [0x0028135a, 'CS', 'YES'],
    [0x0040a170, 'SQ', [codeItem(sourceImage)]],
  ];
  const derivation: Written = [
    [0x00082112, 'SQ', [image]],
    [0x00089215, 'SQ', [codeItem(segmentation)]],
  ];
  return [
    [0x00089124, 'SQ', [derivation]],
    [0x00209111, 'SQ', [[[0x00209157, 'UL', segment === undefined ? [place] : [segment, place]]]]],
    [0x00209113, 'SQ', [[[0x00200032, 'DS', plane.position.map(decimal).join('\\')]]]],
    ...(segment === undefined ? [] : ([[0x0062000a, 'SQ', [[[0x0062000b, 'US', [segment]]]]]] as const)),
  ];
}
