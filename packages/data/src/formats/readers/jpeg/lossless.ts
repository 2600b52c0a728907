import { damaged } from '../../refusal.js';
import type { FrameHeader, Scan, ScanSource } from './frame.js';

/**
 * Decodes a scan of lossless coding into `samples`: each is its difference to what its neighbors predict.
 *
 * *Source*: ITU-T T.81, annex H.
 *
 * @throws {Refusal} if it is damaged or cut off.
 */
export function decodeLossless(
  { height, width, precision, components }: FrameHeader,
  scan: Scan,
  { bits, restartInterval, format }: ScanSource,
  samples: Uint16Array,
): void {
  const { first: predictor, shift } = scan;
  const all = components.length;
  const row = width * all;
  const first = 2 ** (precision - shift - 1);
  // Restarts come after whole rows; what follows is predicted as the first row is.
  if (restartInterval % width !== 0) throw damaged(format, 'its JPEG restarts within a row');
  let firstRow = 0;
  for (let y = 0; y < height; y++) {
    if (restartInterval > 0 && y > 0 && (y * width) % restartInterval === 0) {
      bits.restart();
      firstRow = y;
    }
    for (let x = 0; x < width; x++) {
      for (const c of scan.components) {
        const at = y * row + x * all + c;
        const size = bits.decode(components[c]!.table!);
        if (size > 16) throw damaged(format, 'a difference of more than 16 bits in its JPEG');
        const difference = size === 16 ? 32768 : bits.signed(size);
        const [left, above, corner] = [samples[at - all]!, samples[at - row]!, samples[at - row - all]!];
        const guess =
          y === firstRow
            ? x === 0
              ? first
              : left
            : x === 0
              ? above
              : predicted(predictor, left, above, corner);
        samples[at] = guess + difference;
      }
    }
  }
  if (shift === 0) return;
  for (const c of scan.components)
    for (let i = c; i < samples.length; i += all) samples[i] = samples[i]! << shift;
}

/** *Source*: ITU-T T.81, table H.1. */
function predicted(predictor: number, left: number, above: number, corner: number): number {
  switch (predictor) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return corner;
    case 4:
      return left + above - corner;
    case 5:
      return left + ((above - corner) >> 1);
    case 6:
      return above + ((left - corner) >> 1);
    default:
      return (left + above) >> 1;
  }
}
