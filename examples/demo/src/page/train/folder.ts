import type { OwnFolder } from '../../worker/own-folder.js';
import { element, input, select } from '../element.js';
import { attempt } from '../errors.js';

/** More than this would not fit the memory of a page. */
const mostBytes = 500e6;

/** A file with its place in the chosen folder. */
interface PlacedFile {
  readonly path: string;
  readonly file: File;
}

/** The folder of images and labels that a person chose or dropped. */
export class FolderChoice {
  private chosen: { readonly name: string; readonly files: readonly PlacedFile[] } | undefined;

  constructor() {
    const picker = input('train-folder');
    picker.addEventListener('change', () => {
      const files = [...(picker.files ?? [])].map((file) => ({ path: file.webkitRelativePath, file }));
      picker.value = '';
      if (files.length > 0) this.take(files);
    });
    const area = element<HTMLElement>('train-drop');
    const mark = (isOver: boolean) => area.classList.toggle('over', isOver);
    area.addEventListener('dragover', (event) => {
      event.preventDefault();
      mark(true);
    });
    area.addEventListener('dragleave', () => mark(false));
    area.addEventListener('drop', (event) => {
      event.preventDefault();
      mark(false);
      // Entries are there only while the event is handled.
      const entries = [...(event.dataTransfer?.items ?? [])].flatMap((item) => item.webkitGetAsEntry() ?? []);
      void attempt(async () => this.take(await filesUnder(entries)));
    });
    select('train-kind').addEventListener('change', () => this.showKind());
    this.showKind();
  }

  /** The files with their bytes. @throws {Error} in words for people, if there is no folder or too much in it. */
  async contents(): Promise<OwnFolder> {
    if (this.chosen === undefined)
      throw new Error(
        'There is no folder yet. Choose one, or drop it on this card: images/ and labels/ with the same file names.',
      );
    const { name, files } = this.chosen;
    const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
    if (bytes > mostBytes) {
      throw new Error(
        `${name} holds ${(bytes / 1e6).toFixed(0)} MB, and the page takes up to ${mostBytes / 1e6} MB. Take \`sshn train\`, or a part of it.`,
      );
    }
    return {
      name,
      files: await Promise.all(
        files.map(async ({ path, file }) => ({
          name: path,
          bytes: new Uint8Array(await file.arrayBuffer()),
        })),
      ),
    };
  }

  private take(files: readonly PlacedFile[]): void {
    const top = files[0]?.path.split('/')[0] ?? '';
    // Of one folder, paths are told from within; 'images' and 'labels' dropped side by side are one folder's.
    const isOne =
      files.length > 0 &&
      files.every(({ path }) => path.startsWith(`${top}/`)) &&
      !/^(images|labels|masks)$/.test(top);
    this.chosen = isOne
      ? { name: top, files: files.map(({ path, file }) => ({ path: path.slice(top.length + 1), file })) }
      : { name: 'dropped', files };
    select('train-kind').value = 'own';
    this.showKind();
    element('train-folder-name').textContent = `${this.chosen.name}: ${files.length} files`;
  }

  private showKind(): void {
    const isOwn = select('train-kind').value === 'own';
    element('train-own').hidden = !isOwn;
    element('train-size-row').hidden = !isOwn;
  }
}

/** All files of dropped entries, folders searched. */
async function filesUnder(entries: readonly FileSystemEntry[]): Promise<PlacedFile[]> {
  const found: PlacedFile[] = [];
  for (const entry of entries) {
    if (isFile(entry)) {
      const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
      found.push({ path: entry.fullPath.replace(/^\//, ''), file });
    } else if (isFolder(entry)) {
      const reader = entry.createReader();
      // A reader gives up to a hundred entries at a time.
      for (;;) {
        const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
          reader.readEntries(resolve, reject),
        );
        if (part.length === 0) break;
        found.push(...(await filesUnder(part)));
      }
    }
  }
  return found;
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
