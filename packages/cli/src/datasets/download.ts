import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { FileError } from '@sshn/core';
import { writeFileAtomic } from '@sshn/model/node';
import { x as extract } from 'tar';
import type { Archive } from './sources.js';

/** How far a download is; `total` is undefined where the server does not say. */
export type OnBytes = (loaded: number, total: number | undefined) => void;

/** Tries after a connection that broke, and the pause before the first of them in milliseconds; each next one is twice as long. */
const retries = { count: 4, pauseMs: 500 } as const;

/**
 * Fetches the archive of a dataset and unpacks it as `folder`, which is there whole or not at all.
 *
 * The bytes that have come are kept in `FOLDER.part`: after a broken connection or a stopped process it goes on from there if
 * the server still has the same file, and from the start if not.
 *
 * @throws {FileError} if the folder exists, the server cannot be reached or has no such file, the checksum is another, or the
 * archive is damaged.
 */
export async function downloadDataset(archive: Archive, folder: string, onBytes: OnBytes): Promise<void> {
  if ((await stat(folder).catch(() => undefined)) !== undefined)
    throw new FileError({
      path: folder,
      problem: 'exists',
      remedy: 'Name another folder to download to, or leave out --download to use what is in this one.',
    });
  const part = `${folder}.part`;
  await mkdir(dirname(folder), { recursive: true });
  await fetchTo(archive.url, part, onBytes);
  if (archive.md5 !== undefined) await verify(part, archive.url, archive.md5);
  await unpack(part, archive, folder);
  await forget(part);
}

const forget = (part: string) =>
  Promise.all([part, `${part}.version`].map((path) => rm(path, { force: true })));

async function fetchTo(url: string, part: string, onBytes: OnBytes): Promise<void> {
  for (let failures = 0; ; failures++) {
    try {
      await fetchRest(url, part, onBytes);
      return;
    } catch (cause) {
      if (cause instanceof FileError) throw cause;
      if (failures === retries.count)
        throw new FileError({
          path: url,
          problem: 'the download failed',
          remedy: 'Check the connection and run the command again: it goes on where it stopped.',
          cause,
        });
      await wait(retries.pauseMs * 2 ** failures);
    }
  }
}

/** Appends what is missing to `part`; starts it anew where the server cannot go on. */
async function fetchRest(url: string, part: string, onBytes: OnBytes): Promise<void> {
  const here = (await stat(part).catch(() => undefined))?.size ?? 0;
  const known = await readFile(`${part}.version`, 'utf8').catch(() => '');
  const canGoOn = here > 0 && known !== '';
  const response = await fetch(
    url,
    canGoOn ? { headers: { Range: `bytes=${here}-`, 'If-Range': known } } : {},
  );
  if (response.status === 416) {
    // The server has fewer bytes than are here, or exactly as many.
    await response.body?.cancel();
    if (response.headers.get('content-range') === `bytes */${here}`) return;
    await forget(part);
    return fetchRest(url, part, onBytes);
  }
  if (!response.ok || response.body === null) await refuse(url, response);
  const goesOn = response.status === 206;
  const start = goesOn ? Number(response.headers.get('content-range')?.match(/^bytes (\d+)-/)?.[1]) : 0;
  if (goesOn && start !== here) {
    await response.body!.cancel();
    await forget(part);
    return fetchRest(url, part, onBytes);
  }
  const version = response.headers.get('etag') ?? response.headers.get('last-modified') ?? '';
  // A weak tag does not promise the same bytes, and no server takes it in If-Range.
  await writeFileAtomic(`${part}.version`, version.startsWith('W/') ? '' : version);
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = Number.isFinite(length) ? start + length : undefined;
  let loaded = start;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      yield chunk;
      loaded += chunk.length;
      onBytes(loaded, total);
    }
  };
  const file = createWriteStream(part, { flags: goesOn ? 'a' : 'w' });
  await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), counted, file);
  if (total !== undefined && loaded < total) throw new Error(`${loaded} of ${total} bytes came`);
}

async function refuse(url: string, response: Response): Promise<never> {
  await response.body?.cancel();
  const problem = `the server answered ${response.status} ${response.statusText}`.trimEnd();
  if (response.status >= 500 || response.status === 429) throw new Error(problem); // worth another try
  throw new FileError({
    path: url,
    problem,
    remedy: 'The file may have moved: see the page of the dataset, and give sshn data the unpacked folder.',
  });
}

async function verify(part: string, url: string, expected: string): Promise<void> {
  const hash = createHash('md5');
  await pipeline(createReadStream(part), hash);
  const got = hash.digest('hex');
  if (got === expected) return;
  await forget(part);
  throw new FileError({
    path: url,
    problem: `the MD5 of what came is ${got}, and ${expected} is expected`,
    remedy: 'It has been deleted; download it again. If it stays so, the published file has changed.',
  });
}

async function unpack(part: string, { url, strip }: Archive, folder: string): Promise<void> {
  const unfinished = `${folder}.unpacking`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  try {
    // Files and folders alone: a link may point anywhere.
    const isPlain = (_: string, entry: object) =>
      'type' in entry && ['File', 'OldFile', 'Directory'].includes(`${entry.type}`);
    await extract({ file: part, cwd: unfinished, strip, strict: true, filter: isPlain });
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    await forget(part);
    throw new FileError({
      path: url,
      problem: `what came is no whole tar archive (${(cause as Error).message})`,
      remedy: 'It has been deleted; download it again.',
      cause,
    });
  }
  await rename(unfinished, folder);
}
