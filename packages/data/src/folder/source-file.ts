/** A file that can be read from wherever it is: a disk, a page's file input, a server. */
export interface SourceFile {
  /** Relative to the folder, with slashes: 'images/001.png'. */
  readonly path: string;
  /**
   * @param limit Read at most this many bytes from the beginning. @default all
   * @throws {FileError} if the file cannot be read.
   */
  read(limit?: number): Promise<Uint8Array>;
}

/** The path without folder `prefix` and without the last extension; '.nii.gz' is one. */
export function stemOf(path: string, prefix = ''): string {
  return path.slice(prefix.length).replace(/\.nii\.gz$|\.[^./]*$/i, '');
}

/** Whether a file is a NIfTI volume by its name. */
export function isVolumeName(path: string): boolean {
  return /\.nii(\.gz)?$/i.test(path);
}

/** Files that lie in folders of images and are none; everything else is taken for an image. */
export function isBystander(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (
    /^(\.|thumbs\.db$)/i.test(name) || /\.(txt|md|rst|csv|tsv|json|xml|ya?ml|html?|ini|log|pdf)$/i.test(name)
  );
}
