import { createHash, randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { downloadDataset } from './download.js';

let folder: string;
let server: Server;
let url: string;
/** What the server does with a request. */
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let ranges: (string | undefined)[];
/** Random, so that neither is compressed and one is cut in the middle. */
const [first, second] = [randomBytes(300_000), randomBytes(200_000)];
let archive: Buffer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-download-'));
  ranges = [];
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/set.tar.gz`;
  await mkdir(join(folder, 'set-master', 'Dataset 1'), { recursive: true });
  await writeFile(join(folder, 'set-master', 'Dataset 1', '001.bmp'), first);
  await writeFile(join(folder, 'set-master', 'Dataset 1', '002.bmp'), second);
  await symlink('/etc', join(folder, 'set-master', 'etc'));
  await create({ file: join(folder, 'set.tar.gz'), gzip: true, cwd: folder }, ['set-master']);
  archive = await readFile(join(folder, 'set.tar.gz'));
  answer = serveArchive({ tag: '"one"' });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

/** A server that knows ranges; `cutAt` breaks the connection after so many bytes of the body. */
function serveArchive({ tag, cutAt }: { tag: string; cutAt?: number }) {
  return ({ headers }: IncomingMessage, response: ServerResponse) => {
    const from =
      headers.range !== undefined && headers['if-range'] === tag ? Number(headers.range.slice(6, -1)) : 0;
    const body = archive.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      etag: tag,
      'content-length': body.length,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${archive.length - 1}/${archive.length}` } : {}),
    });
    if (cutAt === undefined) response.end(body);
    else {
      response.write(body.subarray(0, cutAt));
      // As soon as some of it has been stored.
      const timer = setInterval(() => {
        const stored = statSync(join(folder, 'out.part'), { throwIfNoEntry: false })?.size ?? 0;
        if (stored < 10_000) return;
        clearInterval(timer);
        response.destroy();
      }, 5);
    }
  };
}

const get = (more: { md5?: string } = {}, onBytes: (loaded: number, total?: number) => void = () => {}) =>
  downloadDataset({ url, terms: '', asks: false, strip: 1, ...more }, join(folder, 'out'), onBytes);

/** Only what was asked for is there: nothing unfinished. */
async function expectUnpacked(): Promise<void> {
  expect((await readFile(join(folder, 'out', 'Dataset 1', '001.bmp'))).equals(first)).toBe(true);
  expect((await readFile(join(folder, 'out', 'Dataset 1', '002.bmp'))).equals(second)).toBe(true);
  expect((await readdir(folder)).sort()).toEqual(['out', 'set-master', 'set.tar.gz']);
}

describe('downloadDataset', () => {
  test('unpacks what it fetches, says how far it is, and leaves links out', async () => {
    const seen: [number, number | undefined][] = [];
    await get({ md5: createHash('md5').update(archive).digest('hex') }, (loaded, total) =>
      seen.push([loaded, total]),
    );
    await expectUnpacked();
    expect(seen.at(-1)).toEqual([archive.length, archive.length]);
    expect(existsSync(join(folder, 'out', 'etc'))).toBe(false);
  });

  test('goes on where the connection broke', async () => {
    const whole = answer;
    answer = (request, response) => {
      answer = whole;
      serveArchive({ tag: '"one"', cutAt: 100_000 })(request, response);
    };
    await get();
    await expectUnpacked();
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=\d{5,}-$/)]);
  });

  test('a process that was stopped goes on, unless the file has changed since', async () => {
    await writeFile(join(folder, 'out.part'), archive.subarray(0, 50_000));
    await writeFile(join(folder, 'out.part.version'), '"one"');
    await get();
    await expectUnpacked();
    await rm(join(folder, 'out'), { recursive: true });
    await writeFile(join(folder, 'out.part'), randomBytes(50_000));
    await writeFile(join(folder, 'out.part.version'), '"zero"');
    await get();
    await expectUnpacked();
    expect(ranges).toEqual(['bytes=50000-', 'bytes=50000-']);
  });

  test('a whole file that was not unpacked is not fetched again', async () => {
    await writeFile(join(folder, 'out.part'), archive);
    await writeFile(join(folder, 'out.part.version'), '"one"');
    answer = (_, response) => response.writeHead(416, { 'content-range': `bytes */${archive.length}` }).end();
    await get();
    await expectUnpacked();
  });

  test.each([
    [
      'a missing file',
      () => (_: IncomingMessage, response: ServerResponse) => response.writeHead(404).end(),
      /404/,
    ],
    [
      'no archive',
      () => (_: IncomingMessage, response: ServerResponse) => response.end('<html>'),
      /no whole tar archive/,
    ],
    [
      'half an archive',
      () => (_: IncomingMessage, response: ServerResponse) => response.end(archive.subarray(0, 150_000)),
      /no whole tar archive/,
    ],
  ])('%s is refused, and nothing stays', async (_, make, message) => {
    answer = make();
    const error = await get().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FileError);
    expect((error as Error).message).toMatch(message);
    expect((await readdir(folder)).filter((name) => name.startsWith('out'))).toEqual([]);
  });

  test('another checksum and a folder that exists are refused', async () => {
    await expect(get({ md5: '0'.repeat(32) })).rejects.toThrow(/the MD5 of what came is/);
    expect((await readdir(folder)).filter((name) => name.startsWith('out'))).toEqual([]);
    await mkdir(join(folder, 'out'));
    await expect(get()).rejects.toThrow(/exists/);
  });
});
