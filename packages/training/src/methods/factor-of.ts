import type { Factor, Rescaling } from '@sshn/core';

/** The factor of a rescaling as people write it: a number where it has one, else the list. */
export function factorOf({ factors }: Rescaling): Factor {
  return factors.length === 1 ? factors[0]! : factors;
}
