import { damaged, naming, orDamaged } from '../../formats/refusal.js';

const headerLength = 348;
/** Of a file of both: the header, then four bytes that say there are no extensions. */
const joinedLength = 352;

/**
 * The two files of a NIfTI-1 or Analyze 7.5 image, `.hdr` and `.img`, as the bytes of one `.nii` that `decodeNifti` reads.
 *
 * Analyze files have no matrix: as nibabel has it, width grows toward the left, and the origin is SPM's where there is one,
 * else the middle of the volume.
 *
 * @param header Bytes of the `.hdr`.
 * @param voxels Bytes of the `.img`, or their beginning for `readNiftiHeader`.
 * @param name What errors call the header.
 * @throws {FileError} if the header is none of those, or ends early.
 */
export function joinNiftiPair(header: Uint8Array, voxels: Uint8Array, name: string): Uint8Array {
  return naming(name, () =>
    orDamaged('NIfTI', () => {
      if (header.length < headerLength) throw damaged('NIfTI or Analyze', 'it ends within its header');
      const joined = new Uint8Array(joinedLength + voxels.length);
      joined.set(header.subarray(0, headerLength));
      joined.set(voxels, joinedLength);
      const view = new DataView(joined.buffer);
      const isLittle = view.getInt32(0, true) === headerLength;
      if (!isLittle && view.getInt32(0, false) !== headerLength) {
        throw damaged('NIfTI or Analyze', `a header of ${view.getInt32(0, true)} bytes`);
      }
      const magic = String.fromCharCode(...joined.subarray(344, 347));
      const offset = Math.max(0, view.getFloat32(108, isLittle));
      if (magic !== 'ni1') fillPlace(view, isLittle);
      view.setFloat32(108, joinedLength + offset, isLittle);
      joined.set([0x6e, 0x2b, 0x31, 0], 344); // n+1
      return joined;
    }),
  );
}

/** Makes the fields from byte 40 on those of NIfTI-1, for which Analyze has other uses. */
function fillPlace(view: DataView, isLittle: boolean): void {
  const axes = [0, 1, 2];
  const shape = axes.map((axis) => view.getInt16(42 + 2 * axis, isLittle) || 1);
  const edges = axes.map((axis) => Math.abs(view.getFloat32(80 + 4 * axis, isLittle)) || 1);
  // SPM keeps its origin, counted from 1, where `originator` is.
  const stored = axes.map((axis) => view.getInt16(253 + 2 * axis, isLittle));
  const isSpm =
    stored.some((n) => n !== 0) && stored.every((n, axis) => n > -shape[axis]! && n < 2 * shape[axis]!);
  const origin = axes.map((axis) => (isSpm ? stored[axis]! - 1 : (shape[axis]! - 1) / 2));
  view.setInt16(68, 0, isLittle);
  view.setFloat32(116, 0, isLittle);
  view.setUint8(123, 2);
  view.setInt16(252, 0, isLittle);
  view.setInt16(254, 2, isLittle);
  for (const row of axes) {
    const step = (row === 0 ? -1 : 1) * edges[row]!;
    for (const column of axes)
      view.setFloat32(280 + 16 * row + 4 * column, row === column ? step : 0, isLittle);
    view.setFloat32(280 + 16 * row + 12, -step * origin[row]!, isLittle);
  }
}
