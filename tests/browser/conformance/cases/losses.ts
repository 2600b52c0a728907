import { createLoss, lossNames, predictLabels } from '@sshn/losses';
import { dispose } from '@tensorflow/tfjs-core';
import { type Case, labelWave, probe, wave } from '../probe.js';

const size = [2, 6, 5] as const;
const labelCount = 3;
const single = lossNames.filter((name) => name !== 'weightedSum');

export const losses: readonly Case[] = [
  ...single.map((name) => ({
    name: `loss ${name}`,
    run() {
      const labels = labelWave(size, labelCount);
      const loss = createLoss({ name });
      const outcome = probe({ logits: [...size, labelCount] }, ({ logits }) => loss(logits!, labels));
      labels.dispose();
      return outcome;
    },
  })),
  {
    name: 'predicted labels',
    run() {
      const logits = wave([...size, labelCount]);
      const labels = predictLabels(logits);
      dispose(logits);
      return new Map([['labels', labels]]);
    },
  },
];
