// Run by atomic-write.test.ts in a folder on a file system of 1 MB; prints what became of writing 2 MB.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../node/atomic-write.js';

const folder = process.argv[2]!;
const path = join(folder, 'last.bin');
await writeFileAtomic(path, 'old');
const { name, message } = (await writeFileAtomic(path, new Uint8Array(2 << 20)).catch(
  (error) => error,
)) as Error;
console.log(
  JSON.stringify({
    error: name,
    message,
    files: await readdir(folder),
    content: await readFile(path, 'utf8'),
  }),
);
