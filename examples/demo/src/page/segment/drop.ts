import type { NamedFile } from '../../worker/protocol.js';
import { attempt } from '../errors.js';

/** Lets a person choose files, or drop them on an area. */
export function wireDrop(
  area: HTMLElement | undefined,
  picker: HTMLInputElement | undefined,
  open: (files: readonly [File, ...File[]]) => Promise<void>,
): void {
  const take = (files: FileList | null | undefined) => {
    const [first, ...others] = files ?? [];
    if (first !== undefined) void attempt(() => open([first, ...others]));
  };
  picker?.addEventListener('change', () => {
    take(picker.files);
    // The same file may be chosen again.
    picker.value = '';
  });
  if (area === undefined) return;
  const mark = (isOver: boolean) => area.classList.toggle('over', isOver);
  area.addEventListener('dragover', (event) => {
    event.preventDefault();
    mark(true);
  });
  area.addEventListener('dragleave', () => mark(false));
  area.addEventListener('drop', (event) => {
    event.preventDefault();
    mark(false);
    take(event.dataTransfer?.files);
  });
}

/** Files as a Worker takes them, and what is handed over to it. */
export async function contentsOf(
  files: readonly File[],
): Promise<{ contents: NamedFile[]; transfer: ArrayBuffer[] }> {
  const contents = await Promise.all(
    files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
  );
  return { contents, transfer: contents.map(({ bytes }) => bytes.buffer) };
}
