import { ValueError } from '@sshn/core';

/** Checks the number of spatial dimensions. @throws {ValueError} if it is not 2 or 3. */
export function requireRank(where: string, rank: number): asserts rank is 2 | 3 {
  if (rank === 2 || rank === 3) return;
  throw new ValueError({ where: `${where}: rank`, got: rank, expected: '2 or 3 spatial dimensions' });
}
