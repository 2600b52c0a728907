/** DICOM files for tests, element by element. */
import type { DicomSource } from '../volumes/dicom/series.js';
import { type Written, type WrittenElement, writeDicom } from '../volumes/dicom/write.js';

/** A file of 2 × 3 pixels of 16 bits, 1 mm apart, at a height; elements given take the place of its own. */
export function dicomFile(name: string, elements: Written, z = 0): DicomSource {
  const usual: Written = [
    [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.2'],
    [0x00080018, 'UI', `1.2.3.${name.length}.${[...name].map((c) => c.charCodeAt(0)).join('')}`],
    [0x00080060, 'CS', 'CT'],
    [0x0020000d, 'UI', '1.2.1'],
    [0x0020000e, 'UI', '1.2.2'],
    [0x00200032, 'DS', `0\\0\\${z}`],
    [0x00200037, 'DS', '1\\0\\0\\0\\1\\0'],
    [0x00280002, 'US', [1]],
    [0x00280004, 'CS', 'MONOCHROME2'],
    [0x00280010, 'US', [2]],
    [0x00280011, 'US', [3]],
    [0x00280030, 'DS', '1\\1'],
    [0x00280100, 'US', [16]],
    [0x00280101, 'US', [16]],
    [0x00280102, 'US', [15]],
    [0x00280103, 'US', [0]],
    [0x7fe00010, 'OW', [0, 1, 2, 3, 4, 5]],
  ];
  const own = new Set(elements.map(([tag]) => tag));
  const all: Written = [...usual.filter(([tag]) => !own.has(tag)), ...elements].filter(
    ([, , value]) => value !== '-',
  );
  return { name, bytes: writeDicom(all, { sopClass: '1.2.840.10008.5.1.4.1.1.2', sopInstance: '1.2.3' }) };
}

/** Takes an element out of `dicomFile`. */
export function without(tag: number): WrittenElement {
  return [tag, 'LO', '-'];
}

/** Pixels of several frames, numbered on. */
export function frames(count: number): Written {
  return [
    [0x00280008, 'IS', String(count)],
    [0x7fe00010, 'OW', Array.from({ length: 6 * count }, (_, i) => i)],
  ];
}
