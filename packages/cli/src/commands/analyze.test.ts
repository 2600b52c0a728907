import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePhantoms } from '@sshn/data';
import { decode, encode } from 'fast-png';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { strongestChannel } from '../analyze/feature-figures.js';
import { spreadChannels, variationsOf } from '../analyze/weight-figures.js';
import { runCommandLine } from '../command-line.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-analyze-'));
});
afterAll(() => rm(folder, { recursive: true }));

const read = (name: string) => readFile(join(folder, 'out', name), 'utf8');

describe('sshn analyze', () => {
  test('draws and tells how weights and features of a model follow φ', async () => {
    const phantoms = generatePhantoms({ kind: 'cells', count: 1, seed: 3, size: [40, 56] });
    const { image } = await phantoms.load(phantoms.ids[0]!);
    const data = Uint8Array.from(image.values, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
    const png = encode({ width: 56, height: 40, channels: image.channels, depth: 8, data });
    await writeFile(join(folder, 'cell.png'), png);
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const words = ['analyze', 'cells', join(folder, 'cell.png'), '-o', join(folder, 'out'), '--threads', '1'];
    const code = await runCommandLine([...words, '--factors', '0,0.25,0.5']);
    expect([code, String(written.mock.calls.at(-1)?.[0])]).toEqual([0, expect.stringContaining('cell.png')]);
    written.mockRestore();

    const [head, ...variation] = (await read('variation.csv')).trim().split('\n');
    expect(head).toBe('parameter,numbers,mean,p5,p25,p50,p75,p95');
    const names = variation.map((row) => row.split(',')[0]);
    expect([names[0], names.at(-1), names.length]).toEqual(['encoder.0.0.bias', 'head.kernel', 30]);
    const [weightHead, ...weights] = (await read('weights.csv')).trim().split('\n');
    expect(weightHead).toBe('parameter,channel,place,φ=0,φ=0.25,φ=0.5');
    expect(weights.some((row) => new Set(row.split(',').slice(3)).size === 3)).toBe(true);
    const features = (await read('features.csv')).trim().split('\n').slice(1);
    // 14 layers of 8 channels and a head of 3 labels, at three factors; the network sees 64×64.
    expect(features.length).toBe(3 * (14 * 8 + 3));
    expect(features.find((row) => row.startsWith('encoder.1.0,0.25,'))).toContain(',16x16,0,');
    for (const [name, images] of [
      ['weights.svg', 14 * 8 + 3],
      ['features.svg', 15 * 3],
    ] as const) {
      const svg = await read(name);
      expect(svg).not.toMatch(/NaN|undefined/);
      // A viewer of XML refuses an attribute that is there twice.
      for (const [tag] of svg.matchAll(/<[a-z][^>]*>/g)) {
        const attributes = [...tag.matchAll(/ ([a-z-]+)="/g)].map((match) => match[1]);
        expect(new Set(attributes).size).toBe(attributes.length);
      }
      const { document } = parseHTML(svg);
      const all = [...document.querySelectorAll('image')];
      expect(all.length).toBe(images);
      const bytes = Buffer.from(all[0]!.getAttribute('href')!.split(',')[1]!, 'base64');
      expect(decode(bytes).width).toBe(name === 'weights.svg' ? 3 : 64);
    }
    expect(await read('variation.svg')).toContain('coefficient of variation');
  });
});

describe('what figures show', () => {
  test('percentiles are between the numbers, by their share', () => {
    // Over two factors v and 3v the mean is 2v and the deviation v: always a half; of the last none.
    const [one] = variationsOf([
      {
        path: 'a.kernel',
        layer: 'a',
        shape: [3],
        values: [Float32Array.of(1, -2, 5), Float32Array.of(3, -6, 5)],
      },
    ]);
    expect(one).toMatchObject({ count: 3, median: 0.5, high: 0.5, quarter: 0.25 });
    expect(one!.low).toBeCloseTo(0.05, 9);
    expect(one!.mean).toBeCloseTo(1 / 3, 9);
  });

  test('channels are spread over all, each once', () => {
    expect(spreadChannels(3, 8)).toEqual([0, 1, 2]);
    expect(spreadChannels(1, 8)).toEqual([0]);
    expect(spreadChannels(32, 8)).toEqual([0, 4, 9, 13, 18, 22, 27, 31]);
  });

  test('the channel that varies most is shown', () => {
    expect(strongestChannel({ values: Float32Array.of(9, 0, 9, 1, 9, 0), size: [1, 3], channels: 2 })).toBe(
      1,
    );
  });
});
