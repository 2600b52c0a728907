import type { Dataset } from '@sshn/data';

/**
 * Loads every image once, so that a damaged one is found before hours of training; a cached dataset keeps them.
 *
 * @param onLoaded Called after each.
 * @throws {FileError} naming the first file that cannot be used.
 */
export async function loadAll(
  dataset: Dataset,
  onLoaded: (done: number, total: number) => void,
): Promise<void> {
  for (const [i, id] of dataset.ids.entries()) {
    await dataset.load(id);
    onLoaded(i + 1, dataset.ids.length);
  }
}
