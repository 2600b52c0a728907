import { attempt } from '../errors.js';

/** Lets a person choose a file, or drop one on an area. */
export function wireDrop(
  area: HTMLElement | undefined,
  picker: HTMLInputElement,
  open: (file: File) => Promise<void>,
): void {
  const take = (file: File | undefined) => {
    if (file !== undefined) void attempt(() => open(file));
  };
  picker.addEventListener('change', () => {
    take(picker.files?.[0]);
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
    take(event.dataTransfer?.files[0]);
  });
}
