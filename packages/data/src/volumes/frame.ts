import { ValueError } from '@sshn/core';
import { Refusal } from '../formats/refusal.js';

/**
 * Which volume is read from a file that holds `frames` of them.
 *
 * @param name What errors call the file.
 * @throws {Refusal} if there are several and none is chosen; {ValueError} if there is no such one.
 */
export function chosenFrame(name: string, frames: number, frame: number | undefined): number {
  if (frame === undefined && frames > 1) {
    throw new Refusal(
      `holds ${frames} volumes, and one is expected`,
      `Choose one with \`frame\` (--frame), 0 to ${frames - 1}, or save it alone.`,
    );
  }
  const chosen = frame ?? 0;
  if (Number.isInteger(chosen) && chosen >= 0 && chosen < frames) return chosen;
  throw new ValueError({
    where: `${name}: frame`,
    got: chosen,
    expected: `an index from 0 to ${frames - 1}`,
  });
}
