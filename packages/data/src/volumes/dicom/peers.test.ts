// Segmentations before programs of others: a validator, and an archive that stores and hands them out by DICOMweb.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dicomFile } from '../../testing/dicom-files.js';
import { decodeDicom } from './decode.js';
import { encodeSegmentation } from './encode-segmentation.js';

const folder = mkdtempSync(join(tmpdir(), 'sshn-seg-'));
afterAll(() => rmSync(folder, { recursive: true }));

const series = Array.from({ length: 5 }, (_, d) =>
  dicomFile(`slice ${d}`, [
    [0x00080020, 'DA', '20260101'],
    [0x00080030, 'TM', '010203'],
    [0x00100010, 'PN', 'Nobody^Ever'],
    [0x00100020, 'LO', 'x1'],
    [0x00180050, 'DS', '2'],
    [0x00200010, 'SH', '1'],
    [0x00200032, 'DS', `10\\20\\${30 + 2.5 * d}`],
    [0x00200052, 'UI', '1.2.9'],
    [0x00280030, 'DS', '0.7\\0.9'],
  ]),
);
const scan = await decodeDicom(series);
const labels = { ...scan, data: Uint8Array.from({ length: 30 }, (_, i) => i % 3) };
const segments = [
  { number: 1, label: 'liver' },
  { number: 2, label: 'lesion' },
];
const file: Record<'binary' | 'labelMap', Uint8Array> = {
  binary: new Uint8Array(),
  labelMap: new Uint8Array(),
};
beforeAll(() => {
  for (const kind of ['binary', 'labelMap'] as const) {
    file[kind] = encodeSegmentation(labels, series, { kind, segments });
    writeFileSync(join(folder, `${kind}.dcm`), file[kind]);
  }
});

// Of dicom3tools, in Debian.
const hasValidator = spawnSync('dciodvfy', ['-version']).error === undefined;
it.skipIf(!hasValidator)('dciodvfy finds no error in a binary one', () => {
  const { stderr, stdout } = spawnSync('dciodvfy', ['-new', join(folder, 'binary.dcm')], {
    encoding: 'utf8',
  });
  expect(`${stdout}${stderr}`.trim()).toBe('Segmentation');
});

const hasDcmtk = spawnSync('dcmdump', ['--version']).error === undefined;
it.skipIf(!hasDcmtk)('dcmdump reads both, to the last element', () => {
  for (const kind of ['binary', 'labelMap'] as const) {
    const text = execFileSync('dcmdump', [join(folder, `${kind}.dcm`)], { encoding: 'utf8' });
    expect(text).toContain('[lesion]');
    expect(text).toMatch(/\(7fe0,0010\) O[BW]/);
  }
});

// Of Debian's orthanc and orthanc-dicomweb.
const plugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';
const hasOrthanc = existsSync(plugin) && spawnSync('Orthanc', ['--version']).status === 0;

describe.skipIf(!hasOrthanc)('an Orthanc archive', () => {
  let url = '';
  let stop = async (): Promise<void> => {};

  beforeAll(async () => {
    const port = await freePort();
    writeFileSync(
      join(folder, 'orthanc.json'),
      JSON.stringify({
        StorageDirectory: join(folder, 'storage'),
        IndexDirectory: join(folder, 'index'),
        HttpPort: port,
        DicomServerEnabled: false,
        RemoteAccessAllowed: false,
        AuthenticationEnabled: false,
        Plugins: [plugin],
        DicomWeb: { Enable: true },
      }),
    );
    const archive = spawn('Orthanc', [join(folder, 'orthanc.json')], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(archive, 'close');
    stop = async () => {
      archive.kill();
      await ended;
    };
    for await (const chunk of archive.stderr.setEncoding('utf8'))
      if (String(chunk).includes('Orthanc has started')) break;
    url = `http://127.0.0.1:${port}/dicom-web`;
  }, 60_000);
  afterAll(() => stop());

  it('stores series and segmentations, lists them in one study, and hands out the same bytes', async () => {
    const sent = [...series.map(({ bytes }) => bytes), file.binary, file.labelMap];
    const stored = await fetch(`${url}/studies`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=edge' },
      body: new Uint8Array(multipart(sent)),
    });
    expect(stored.status).toBe(200);
    const accepted = (await (
      await fetch(`${url}/studies/1.2.1/instances`, { headers: json })
    ).json()) as Found[];
    expect(accepted.map((found) => found['00080060']?.Value[0]).sort()).toEqual([
      ...Array(5).fill('CT'),
      'SEG',
      'SEG',
    ]);
    for (const kind of ['binary', 'labelMap'] as const) {
      const read = accepted.filter((found) =>
        found['00080016']?.Value[0]?.endsWith(kind === 'binary' ? '.66.4' : '.66.7'),
      );
      const [{ '0020000E': inSeries, '00080018': instance }] = read as [Found];
      const place = `${url}/studies/1.2.1/series/${inSeries!.Value[0]}/instances/${instance!.Value[0]}`;
      const answer = await fetch(place, {
        headers: { accept: 'multipart/related; type="application/dicom"' },
      });
      const body = Buffer.from(await answer.arrayBuffer());
      expect(body.includes(Buffer.from(file[kind]))).toBe(true);
      const { data } = await decodeDicom([{ name: 'seg', bytes: file[kind] }]);
      expect([...data]).toEqual([...labels.data]);
    }
  });
});

type Found = Readonly<Record<string, { readonly Value: readonly string[] } | undefined>>;
const json = { accept: 'application/dicom+json' };

/** *Source*: DICOM PS3.18, section 10.5 (STOW-RS). */
function multipart(files: readonly Uint8Array[]): Buffer {
  return Buffer.concat([
    ...files.flatMap((bytes) => [
      Buffer.from('--edge\r\nContent-Type: application/dicom\r\n\r\n'),
      bytes,
      Buffer.from('\r\n'),
    ]),
    Buffer.from('--edge--\r\n'),
  ]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
