import type { SimilarityName } from '../objective/objective.js';
import { type AffineMatrix, composeAffine, invertAffine } from './matrix.js';
import { groupOffsets, sampleMeasure } from './measures.js';
import type { AffineKind, AffineRegistrationOptions } from './options.js';
import { affineMatrix } from './parameters.js';
import {
  centerOfMass,
  coarser,
  drawSamples,
  edgesOf,
  type GridImage,
  placeOf,
  readAt,
  type Samples,
} from './samples.js';
import { type Cost, type Found, searchMinimum } from './search.js';

/** What is searched for, checked. */
interface Settings {
  readonly rank: 2 | 3;
  readonly kind: AffineKind;
  readonly similarity: SimilarityName;
  readonly searchDegrees: number;
  readonly samples: number;
}

/** A resolution: how to read the moving image and what to compare it with. */
interface Level {
  readonly moving: GridImage;
  readonly toVoxels: AffineMatrix;
  readonly samples: Samples;
  readonly measure: ReturnType<typeof sampleMeasure>;
  readonly edgeMm: number;
}

/** A smaller share of samples inside of the moving image costs. */
const leastOverlap = 0.4;
/** What starts are tried: this far apart in degrees, and with these scales. */
const degreesApart = 20;
const startScales = [1, 0.85, 1.15];
/** How many starts go on to a search, and how many of those to finer voxels. */
const [manyStarts, fewStarts] = [6, 3];
/** Voxels along the longest axis of each level, the coarsest first. */
const levelVoxels = [24, 48, 96];

/**
 * The search for an affine map, from many starts and coarse to fine.
 *
 * Parameters are, all as lengths in mm: translation, rotations, then one log scale, or scales and shears. Turning and
 * stretching count by how far they move a place at the distance of the object's edge, so that a step is a step.
 */
export class AffineSearch {
  readonly #images: { readonly moving: GridImage; readonly fixed: GridImage };
  readonly #settings: Settings;
  readonly #options: AffineRegistrationOptions;
  readonly #center: readonly number[];
  readonly #radius: number;
  #lastTurn = performance.now();

  constructor(
    images: { readonly moving: GridImage; readonly fixed: GridImage },
    settings: Settings,
    options: AffineRegistrationOptions,
  ) {
    this.#images = images;
    this.#settings = settings;
    this.#options = options;
    this.#center = centerOfMass(images.fixed);
    const edges = edgesOf(images.fixed.toWorld);
    this.#radius = Math.max(
      edges.reduce((most, edge) => Math.max(most, edge), 0),
      Math.hypot(...images.fixed.size.map((n, axis) => ((n > 1 ? n : 0) * edges[axis]!) / 4)),
    );
  }

  /** The matrix in mm, 3×4, of parameters. */
  map(parameters: readonly number[]): number[][] {
    const { rank } = this.#settings;
    const turns = rank === 2 ? 1 : 3;
    const radius = this.#radius;
    const inPlane = (list: readonly number[]) => (rank === 2 ? [0, ...list] : list);
    const translation = inPlane(parameters.slice(0, rank));
    const angles = parameters.slice(rank, rank + turns).map((length) => length / radius);
    const rest = parameters.slice(rank + turns).map((length) => length / radius);
    const scales = rest.length === 0 ? [0] : rest.slice(0, rest.length === 1 ? 1 : rank);
    const scale = Array.from({ length: rank }, (_, axis) => Math.exp(scales[axis] ?? scales[0]!));
    const shear = rest.length > 1 ? rest.slice(rank) : Array<number>(turns).fill(0);
    const linear = affineMatrix(rank, { rotationRad: angles, scale, shear });
    const rows = linear.map((row) => row.slice(0, rank));
    const whole = rank === 3 ? rows : [[1, 0, 0], ...rows.map((row) => [0, ...row])];
    return whole.map((row, axis) => {
      const turned = row.reduce((sum, entry, k) => sum + entry * this.#center[k]!, 0);
      return [...row, this.#center[axis]! - turned + translation[axis]!];
    });
  }

  async run(): Promise<{ parameters: readonly number[]; lossBefore: number; lossAfter: number }> {
    const { kind, rank } = this.#settings;
    const edges = this.#levelEdges();
    const stages = edges.length + 1;
    const rigid = rank === 2 ? 3 : 6;
    const ofStart = kind === 'rigid' ? rigid : rigid + 1;
    const ofAll = kind === 'affine' ? rank * (rank + 1) : ofStart;
    let level = this.#level(edges[0]!, 0.15);
    const starts = await this.#starts(level, ofStart);
    this.#report(1, stages, level, starts[0]!);
    let found: Found[] = [];
    for (const start of starts) {
      const options = { step: 1.5 * level.edgeMm, tolerance: level.edgeMm / 4, rounds: 2 };
      found.push(await this.#search(level, start, options));
    }
    found = apart(best(found, found.length), level.edgeMm).slice(0, fewStarts);
    this.#report(2, stages, level, found[0]!);
    for (const [index, edge] of edges.entries()) {
      if (index === 0) continue;
      level = this.#level(edge, index === edges.length - 1 ? 1 : 0.5);
      const next: Found[] = [];
      for (const { parameters } of found) {
        const start = this.#at(level, this.#widened(parameters, ofAll));
        const isLast = index === edges.length - 1;
        const options = {
          step: level.edgeMm / 2,
          tolerance: level.edgeMm / (isLast ? 20 : 8),
          rounds: isLast ? 8 : 5,
        };
        next.push(await this.#search(level, start, options));
      }
      found = best(next, 1);
      this.#report(2 + index, stages, level, found[0]!);
    }
    if (edges.length === 1) {
      const start = this.#at(level, this.#widened(found[0]!.parameters, ofAll));
      found = [
        await this.#search(level, start, { step: level.edgeMm / 2, tolerance: level.edgeMm / 20, rounds: 8 }),
      ];
    }
    const { parameters, cost: lossAfter } = found[0]!;
    return {
      parameters,
      lossAfter,
      lossBefore: this.#at(
        level,
        parameters.map(() => 0),
      ).cost,
    };
  }

  /** Parameters of a similarity as those of an affine map. */
  #widened(parameters: readonly number[], count: number): readonly number[] {
    if (parameters.length === count) return parameters;
    const { rank } = this.#settings;
    const scale = parameters.at(-1)!;
    const rigid = parameters.slice(0, -1);
    const filled = [...rigid, ...Array<number>(rank).fill(scale)];
    return [...filled, ...Array<number>(count - filled.length).fill(0)];
  }

  #levelEdges(): number[] {
    const { fixed, moving } = this.#images;
    const extent = Math.max(...edgesOf(fixed.toWorld).map((edge, axis) => edge * fixed.size[axis]!));
    const finest = Math.max(
      ...[fixed, moving].map((image) => {
        const long = edgesOf(image.toWorld).filter((_, axis) => image.size[axis]! > 1);
        return long.length === 0 ? extent : Math.min(...long);
      }),
    );
    const edges = levelVoxels.map((voxels) => extent / voxels).filter((edge) => edge > finest * 1.4);
    // Images that are small already, and the last level where there is room for it.
    if (edges.length < levelVoxels.length) edges.push(finest);
    return edges;
  }

  #level(edgeMm: number, shareOfSamples: number): Level {
    const { similarity, samples } = this.#settings;
    const [fixed, moving] = [coarser(this.#images.fixed, edgeMm), coarser(this.#images.moving, edgeMm)];
    const offsets = groupOffsets(similarity, fixed.size);
    const count = Math.max(100, Math.round((samples * shareOfSamples) / Math.sqrt(offsets.length)));
    return {
      moving,
      toVoxels: invertAffine(moving.toWorld),
      samples: drawSamples(fixed, count, offsets),
      measure: sampleMeasure(similarity, moving, fixed),
      edgeMm,
    };
  }

  #costOn({ moving, toVoxels, samples, measure }: Level): Cost {
    const { places, values: fixed, group } = samples;
    const moved = new Float32Array(fixed.length);
    const weights = new Float32Array(fixed.length);
    return (parameters) => {
      readAt(moving, composeAffine(toVoxels, this.map(parameters)), places, moved, weights);
      const overlap = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
      const missing = Math.max(0, leastOverlap - overlap) / leastOverlap;
      return measure({ moved, fixed, weights, group }) + missing;
    };
  }

  #at(level: Level, parameters: readonly number[]): Found {
    return { parameters, cost: this.#costOn(level)(parameters) };
  }

  /** The best of many starts, of which no two are alike. */
  async #starts(level: Level, count: number): Promise<Found[]> {
    const { rank, searchDegrees } = this.#settings;
    const cost = this.#costOn(level);
    const steps = Math.floor(searchDegrees / degreesApart);
    const angles = Array.from(
      { length: 2 * steps + 1 },
      (_, i) => (((i - steps) * degreesApart * Math.PI) / 180) * this.#radius,
    );
    const turns = rank === 2 ? 1 : 3;
    const rotations = Array.from({ length: turns }).reduce<number[][]>(
      (all) => all.flatMap((head) => angles.map((angle) => [...head, angle])),
      [[]],
    );
    const scales = count > rank + turns ? startScales.map((scale) => [Math.log(scale) * this.#radius]) : [[]];
    const found: Found[] = [];
    for (const shift of this.#shifts()) {
      for (const scale of scales) {
        for (const rotation of rotations) {
          const parameters = [...shift, ...rotation, ...scale];
          found.push({ parameters, cost: cost(parameters) });
        }
        if (!(await this.#goesOn())) return best(found, 1);
      }
    }
    const nearest = 0.75 * ((degreesApart * Math.PI) / 180) * this.#radius;
    const chosen = apart(best(found, 40), nearest).slice(0, manyStarts);
    // The images as they lie are always among them.
    const none = [
      ...this.#shifts()[0]!,
      ...rotations[0]!.map(() => 0),
      ...(scales[0]!.length === 0 ? [] : [0]),
    ];
    return [...chosen, { parameters: none, cost: cost(none) }];
  }

  /** Translations to begin with: none, centers of mass on each other, and middles of the images on each other. */
  #shifts(): number[][] {
    const { moving, fixed } = this.#images;
    const { rank } = this.#settings;
    const middle = ({ size, toWorld }: GridImage) =>
      placeOf(
        toWorld,
        size.map((n) => (n - 1) / 2),
      );
    const between = (to: number[], from: number[]) => to.map((at, axis) => at - from[axis]!).slice(3 - rank);
    const shifts = [
      Array<number>(rank).fill(0),
      between(centerOfMass(moving), centerOfMass(fixed)),
      between(middle(moving), middle(fixed)),
    ];
    return shifts.filter((shift, i) =>
      shifts.slice(0, i).every((other) => Math.hypot(...shift.map((at, axis) => at - other[axis]!)) > 1e-6),
    );
  }

  async #search(
    level: Level,
    start: Found,
    options: { readonly step: number; readonly tolerance: number; readonly rounds: number },
  ): Promise<Found> {
    return searchMinimum(this.#costOn(level), start, { ...options, onLine: () => this.#goesOn() });
  }

  /** Lets signals, timers and the page have their turn every 50 ms; false once it was aborted. */
  async #goesOn(): Promise<boolean> {
    if (performance.now() - this.#lastTurn > 50) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#lastTurn = performance.now();
    }
    return this.#options.signal?.aborted !== true;
  }

  #report(stage: number, stages: number, { edgeMm }: Level, { cost }: Found): void {
    this.#options.onProgress?.({ stage, stages, edgeMm, loss: cost });
  }
}

function best(found: readonly Found[], count: number): Found[] {
  return [...found].sort((a, b) => a.cost - b.cost).slice(0, count);
}

/** Those of a list, the best first, that lie further than a distance from all better ones. */
function apart(found: readonly Found[], distance: number): Found[] {
  const chosen: Found[] = [];
  for (const one of found) {
    const isNew = chosen.every(
      ({ parameters }) => Math.hypot(...parameters.map((value, i) => value - one.parameters[i]!)) > distance,
    );
    if (isNew) chosen.push(one);
  }
  return chosen;
}
