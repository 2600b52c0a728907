import type { Example } from '@sshn/data';
import { modelPhantoms } from '@sshn/zoo';
import { tensor } from '@tensorflow/tfjs-core';
import type { RegistrationPair } from './pair.js';

/** Pairs that there are, and the seed of their subjects: not that of the packaged network's training. */
const pairs = 100;
const seed = 7;

/** Two generated subjects of one anatomy, each deformed in its own way; the packaged network has seen neither. */
export async function generatePair(number: number): Promise<RegistrationPair> {
  const subjects = modelPhantoms('registration', { count: 2 * pairs, seed });
  const of = (index: number) => subjects.load(subjects.ids[index % subjects.ids.length]!);
  const [moving, fixed] = [await of(2 * number), await of(2 * number + 1)];
  const image = ({ image: { values, size } }: Example) => tensor(values, [1, ...size, 1]);
  const map = ({ labels: { values, size } }: Example) =>
    tensor(Int32Array.from(values), [1, ...size], 'int32');
  const whole = image(moving);
  return {
    moving: whole,
    fixed: image(fixed),
    labels: { moving: map(moving), fixed: map(fixed), count: subjects.labelNames.length },
    whole,
    note: '',
  };
}
