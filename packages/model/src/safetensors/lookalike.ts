/** Beginnings of files that people have in hand where they meant a safetensors file. */
const beginnings: ReadonlyArray<{ readonly text: string; readonly what: string; readonly remedy: string }> = [
  {
    text: '<!doctype html',
    what: 'an HTML page',
    remedy: 'Use the address of the file itself, not of a page about it.',
  },
  {
    text: '<html',
    what: 'an HTML page',
    remedy: 'Use the address of the file itself, not of a page about it.',
  },
  {
    text: 'version https://git-lfs',
    what: 'a Git LFS pointer, not the file that it stands for',
    remedy: "Run 'git lfs pull', or download the file itself.",
  },
  {
    text: 'pk\u0003\u0004',
    what: 'a ZIP archive (a PyTorch checkpoint is one)',
    remedy: 'Save the weights as safetensors.',
  },
  { text: '\u001f\u008b', what: 'gzip-compressed', remedy: 'Decompress it first.' },
  { text: '\u0089hdf', what: 'an HDF5 file (Keras writes them)', remedy: 'Save the weights as safetensors.' },
];

/** What a file that begins with these bytes is instead of safetensors, if it is something well known. */
export function lookalike(bytes: Uint8Array): { readonly what: string; readonly remedy: string } | undefined {
  // Each byte as a character; a byte order mark may stand in front of a page.
  const start = String.fromCharCode(...bytes.subarray(0, 64))
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .trimStart()
    .toLowerCase();
  return beginnings.find(({ text }) => start.startsWith(text));
}
