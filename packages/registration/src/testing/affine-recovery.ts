/**
 * How many made-up displacements of brains `registerAffine` recovers, for the table in this package's README.
 *
 *   npx tsx --conditions @sshn/source packages/registration/src/testing/affine-recovery.ts [PAIRS] [ROW]
 *
 * ROW is one of 'rigid globalNcc', 'affine globalNcc', 'affine mutualInformation' and 'two subjects'; all of them without it.
 *
 * Of one subject, the error is the mean distance to the true map over the grid. Of two subjects no true map is known: the Dice
 * of their labels is compared before, after, and under the data set's own alignment, which was made from the labels.
 */
import { Rng } from '@sshn/core';
import { diceScore } from '@sshn/losses';
import { useBackend } from '@sshn-internal/testing';
import { tensor, tidy } from '@tensorflow/tfjs-core';
import { type AffineMatrix, invertAffine, resampleAffine } from '../affine/matrix.js';
import { affineMatrix } from '../affine/parameters.js';
import { type AffineKind, registerAffine } from '../affine/register.js';
import type { SimilarityName } from '../objective/objective.js';
import { readBrain, readBrainLabels, type Volume } from './brains.js';
import { madeUp, meanDistance, movedBy } from './made-up.js';

await useBackend('cpu');
const pairs = Number(process.argv[2] ?? 20);
const only = process.argv[3];
const edgeMm = 2;
const within = 1.5;
const toWorld = affineMatrix(3, { scale: [edgeMm, edgeMm, edgeMm] });
const grids = { movingToWorld: toWorld, fixedToWorld: toWorld };
const asIs = (value: number) => 3 * value;
const otherContrast = (value: number) => 255 * Math.abs(Math.sin(value / 60));

const mean = (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0) / list.length;
const share = (list: readonly boolean[]) =>
  `${((100 * list.filter(Boolean).length) / list.length).toFixed(0)} %`;
const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!;

for (const [kind, similarity, change] of [
  ['rigid', 'globalNcc', asIs],
  ['affine', 'globalNcc', asIs],
  ['affine', 'mutualInformation', otherContrast],
] as const satisfies ReadonlyArray<[AffineKind, SimilarityName, (value: number) => number]>) {
  if (only !== undefined && only !== `${kind} ${similarity}`) continue;
  const rng = Rng.fromSeed(21);
  const [errors, seconds]: [number[], number[]] = [[], []];
  for (let pair = 0; pair < pairs; pair++) {
    const fixed = readBrain(pair % 20, edgeMm);
    const truth = madeUp(kind, fixed.size, edgeMm, rng);
    const moving = movedBy(fixed, truth, change, rng);
    const began = process.cpuUsage().user;
    const { matrix } = await registerAffine(moving, fixed, { kind, similarity, ...grids });
    seconds.push((process.cpuUsage().user - began) / 1e6);
    errors.push(meanDistance(matrix, truth, fixed.size) * edgeMm);
    console.error(`${kind}, ${similarity}, pair ${pair + 1}: ${errors.at(-1)!.toFixed(2)} mm`);
  }
  const recovered = share(errors.map((mm) => mm <= within));
  console.log(
    `one subject, ${kind}, ${similarity}: ${recovered} within ${within} mm; median ${median(errors).toFixed(2)}, worst ${Math.max(...errors).toFixed(2)} mm; ${mean(seconds).toFixed(1)} s`,
  );
}

const overlap = (moving: Volume, fixed: Volume, matrix: AffineMatrix) => {
  const moved = tidy(() =>
    resampleAffine(tensor(moving.values, [1, ...moving.size, 1]), matrix, fixed.size, {
      padding: 'zeros',
      interpolation: 'nearest',
    }).dataSync(),
  );
  return diceScore(Int32Array.from(moved), Int32Array.from(fixed.values), { labels: 26 }).mean;
};
const rng = Rng.fromSeed(22);
const rows: Array<{ before: number; after: number; byLabels: number; errorMm: number }> = [];
const subjectPairs = only === undefined || only === 'two subjects' ? pairs : 0;
for (let pair = 0; pair < subjectPairs; pair++) {
  const [a, b] = [pair % 20, (7 * pair + 3) % 20 === pair % 20 ? (pair + 1) % 20 : (7 * pair + 3) % 20];
  const [fixed, subject] = [readBrain(a, edgeMm), readBrain(b, edgeMm)];
  const truth = madeUp('affine', fixed.size, edgeMm, rng);
  const moving = movedBy(subject, truth, asIs, rng);
  const { matrix } = await registerAffine(moving, fixed, { ...grids });
  // Labels in the pose of the moving image: the truth undone, and then as the matrix says.
  const labels = readBrainLabels(b, edgeMm);
  const inPose = {
    size: labels.size,
    values: Float32Array.from(
      tidy(() =>
        resampleAffine(tensor(labels.values, [1, ...labels.size, 1]), invertAffine(truth), labels.size, {
          padding: 'zeros',
          interpolation: 'nearest',
        }).dataSync(),
      ),
    ),
  };
  const target = readBrainLabels(a, edgeMm);
  rows.push({
    before: overlap(inPose, target, affineMatrix(3)),
    after: overlap(inPose, target, matrix),
    byLabels: overlap(inPose, target, truth),
    errorMm: meanDistance(matrix, truth, fixed.size) * edgeMm,
  });
  console.error(`two subjects, pair ${pair + 1}: Dice ${rows.at(-1)!.after.toFixed(3)}`);
}
if (rows.length > 0) {
  const of = (key: 'before' | 'after' | 'byLabels' | 'errorMm') => rows.map((row) => row[key]);
  console.log(
    `two subjects, affine, globalNcc: Dice ${mean(of('before')).toFixed(3)} before, ${mean(of('after')).toFixed(3)} after, ${mean(of('byLabels')).toFixed(3)} by labels; lowest after ${Math.min(...of('after')).toFixed(3)}; within 0.03 of the alignment by labels ${share(rows.map(({ after, byLabels }) => after >= byLabels - 0.03))}; to that alignment ${median(of('errorMm')).toFixed(1)} mm in the median, ${Math.max(...of('errorMm')).toFixed(1)} at most`,
  );
}
