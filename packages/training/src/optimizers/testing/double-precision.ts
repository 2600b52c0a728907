/** Optimizers once more, in float64, entry by entry and by the textbook, to test against. */
export interface Entry {
  value: number;
  first: number;
  second: number;
}

export interface AdamNumbers {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** @param t 1 for the first step. */
export function adamEntry(entry: Entry, gradient: number, t: number, numbers: AdamNumbers): Entry {
  const { rate, beta1, beta2, epsilon, weightDecay } = numbers;
  const first = beta1 * entry.first + (1 - beta1) * gradient;
  const second = beta2 * entry.second + (1 - beta2) * gradient ** 2;
  const firstHat = first / (1 - beta1 ** t);
  const secondHat = second / (1 - beta2 ** t);
  const decayed = entry.value - rate * weightDecay * entry.value;
  return { value: decayed - (rate * firstHat) / (Math.sqrt(secondHat) + epsilon), first, second };
}

/** `first` is the momentum buffer. */
export function sgdEntry(
  entry: Entry,
  gradient: number,
  { rate, momentum, nesterov }: { rate: number; momentum: number; nesterov: boolean },
): Entry {
  const first = momentum * entry.first + gradient;
  const direction = nesterov ? gradient + momentum * first : first;
  return { ...entry, value: entry.value - rate * direction, first };
}
