import { damaged } from '../../refusal.js';
import { type Directory, tags } from './directory.js';

/**
 * How many planes a file of one directory holds: ImageJ writes large stacks so, and says `images=3` in its description. 1 for
 * files of others.
 *
 * @throws {Refusal} if the description makes no sense.
 */
export function imagejStack(directory: Directory): number {
  const said = directory.text(tags.description);
  if (!/^ImageJ=/.test(said)) return 1;
  const images = /^images=(\d+)\s*$/m.exec(said)?.[1];
  const planes = images === undefined ? 1 : Number(images);
  if (!(planes >= 1 && planes <= 2 ** 20)) throw damaged('TIFF', `ImageJ's images=${images}`);
  return planes;
}

/** What a stack says of itself. */
export interface StackSpace {
  /** Edges of voxels in mm; undefined where nobody says. */
  readonly spacingMm: readonly [depth: number, height: number, width: number] | undefined;
  /** How many pages are one volume after another: channels times time points. 1 for a single volume. */
  readonly volumes: number;
}

const mmOf: Readonly<Record<string, number>> = {
  nm: 1e-6,
  µm: 1e-3,
  μm: 1e-3,
  um: 1e-3,
  micron: 1e-3,
  microns: 1e-3,
  '\\u00B5m': 1e-3,
  mm: 1,
  cm: 10,
  m: 1000,
  inch: 25.4,
};

/** Edges and axes, from ImageJ's description or from OME's. */
export function stackSpace(directory: Directory): StackSpace {
  // Descriptions of OME are UTF-8, those of ImageJ too.
  const codes = directory.text(tags.description);
  const said = new TextDecoder().decode(Uint8Array.from(codes, (c) => c.charCodeAt(0)));
  if (/^ImageJ=/.test(said)) {
    const of = (key: string): string | undefined => new RegExp(`^${key}=(.*?)\\s*$`, 'm').exec(said)?.[1];
    const mm = mmOf[of('unit') ?? ''];
    const [x, y] = [directory.number(tags.xResolution, 0), directory.number(tags.yResolution, 0)];
    const z = Number(of('spacing') ?? 1);
    const volumes = Number(of('channels') ?? 1) * Number(of('frames') ?? 1);
    const isKnown = mm !== undefined && x > 0 && y > 0 && z > 0;
    return { spacingMm: isKnown ? [z * mm, mm / y, mm / x] : undefined, volumes };
  }
  const pixels = /<(?:\w+:)?Pixels\b[^>]*>/.exec(said)?.[0];
  if (pixels === undefined) return { spacingMm: undefined, volumes: 1 };
  const of = (key: string): string | undefined => new RegExp(`\\b${key}="([^"]*)"`).exec(pixels)?.[1];
  const edge = (axis: string): number =>
    Number(of(`PhysicalSize${axis}`)) * (mmOf[of(`PhysicalSize${axis}Unit`) ?? 'µm'] ?? Number.NaN);
  const edges = [edge('Z'), edge('Y'), edge('X')] as const;
  return {
    spacingMm: edges.every((mm) => mm > 0 && Number.isFinite(mm)) ? edges : undefined,
    volumes: Number(of('SizeC') ?? 1) * Number(of('SizeT') ?? 1),
  };
}
