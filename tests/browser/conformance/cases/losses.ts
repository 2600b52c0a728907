import { createLoss, lossNames, predictLabels } from '@sshn/losses';
import { dispose } from '@tensorflow/tfjs-core';
import { type Case, labelWave, probe, wave } from '../probe.js';

const plane = [2, 6, 5] as const;
const volume = [2, 3, 4, 3] as const;
const labelCount = 3;
const single = lossNames.filter((name) => name !== 'weightedSum');

/** Every loss, of images or volumes. */
function lossCases(size: readonly number[], suffix = ''): Case[] {
  return single.map((name) => ({
    name: `loss ${name}${suffix}`,
    run() {
      const labels = labelWave(size, labelCount);
      const loss = createLoss({ name });
      const outcome = probe({ logits: [...size, labelCount] }, ({ logits }) => loss(logits!, labels));
      labels.dispose();
      return outcome;
    },
  }));
}

function predictionCase(name: string, size: readonly number[]): Case {
  return {
    name,
    run() {
      const logits = wave([...size, labelCount]);
      const labels = predictLabels(logits);
      dispose(logits);
      return new Map([['labels', labels]]);
    },
  };
}

export const losses: readonly Case[] = [
  ...lossCases(plane),
  ...lossCases(volume, ' 3D'),
  predictionCase('predicted labels', plane),
  predictionCase('predicted labels 3D', volume),
];
