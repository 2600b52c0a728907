import { FileError } from '@sshn/core';
import type { FolderLayout } from './folder-layout.js';
import { namedLabels } from './label-names.js';
import { pairFiles } from './pair.js';
import type { SourceFile } from './source-file.js';

const inSubject = /^([^/]+)\/[^/]+\.nii(\.gz)?$/i;
const isLabels = /\/labels\.nii(\.gz)?$/i;

/** A folder per subject, each with its volume and `labels.nii.gz`, and optionally `labels.json` beside the folders. */
export const subjects: FolderLayout = {
  description: 'a folder per subject with one volume (t1.nii.gz) and labels.nii.gz',
  matches: (files) => files.some(({ path }) => inSubject.test(path) && isLabels.test(path)),
  async read(files, path, onUnpaired) {
    const volumes = files.flatMap((file): Array<[string, SourceFile]> => {
      const subject = inSubject.exec(file.path)?.[1];
      return subject === undefined ? [] : [[subject, file]];
    });
    const images = volumes.filter(([, file]) => !isLabels.test(file.path));
    refuseSeveral(images, path);
    const labels = volumes.filter(([, file]) => isLabels.test(file.path));
    const place = {
      image: (id: string) => `${id}/t1.nii.gz`,
      labels: (id: string) => `${id}/labels.nii.gz`,
    };
    const pairs = pairFiles(images, labels, path, place, onUnpaired);
    return { pairs, scheme: await namedLabels(files, path) };
  },
};

function refuseSeveral(
  images: ReadonlyArray<readonly [subject: string, file: SourceFile]>,
  path: (relative: string) => string,
): void {
  const seen = new Map<string, SourceFile>();
  for (const [subject, file] of images) {
    const other = seen.get(subject);
    if (other !== undefined) {
      throw new FileError({
        path: path(file.path),
        problem: `lies beside ${other.path}, and one volume per subject is expected`,
        remedy: 'Leave one volume besides labels.nii.gz in each folder.',
      });
    }
    seen.set(subject, file);
  }
}
