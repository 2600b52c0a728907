import '@tensorflow/tfjs-backend-cpu';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { vulkan } from '@sshn-internal/testing';
import { env } from '@tensorflow/tfjs-core';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleSources } from '../../scripts/bundle-sources.mjs';
import { hasWideUnits, laterNode } from '../wide/later-node.js';
import { pageFiles } from './bundle.js';
import { findChromium } from './chromium.js';
import { deviation } from './conformance/compare.js';
import { type Engine, start } from './conformance/engines.js';
import { known } from './conformance/known.js';
import { type Report, report } from './conformance/report.js';
import { cases, type Outcome, runCases } from './conformance/run.js';
import { serve } from './serve.js';

// The same computations on every backend that starts here, compared with tfjs' cpu backend, or with float64 where a case knows
// what comes out. SSHN_CONFORMANCE=webgl,dawn runs
// those alone: wasm, wide (wasm in a Node that merges pairs), webgl, webgpu, dawn (webgpu in Node).

const names = cases.map(({ name }) => name);
const executablePath = findChromium();
const asked = process.env.SSHN_CONFORMANCE?.split(',');
let wanted: ReadonlyMap<string, Outcome>;
beforeAll(async () => {
  env().set('PROD', true);
  await start('cpu');
  wanted = new Map((await runCases()).map((outcome) => [outcome.name, outcome]));
});

/** What a case should give, and how near. */
function expectRight(name: string, got: Outcome, tolerance: number): void {
  const { exact, tolerance: own = tolerance } = cases.find((each) => each.name === name)!;
  const want = exact === undefined ? wanted.get(name)!.values : Object.fromEntries(exact());
  expect(deviation(got.values, want)).toBeLessThan(own);
}

test('on cpu every case has finite numbers, and leaves nothing behind', () => {
  expect([...wanted.keys()]).toEqual(names);
  for (const { name, values, leaked, error } of wanted.values()) {
    expect(error, name).toBeUndefined();
    expect(leaked, name).toBeUndefined();
    const all = Object.values(values).flat();
    expect(all.length, name).toBeGreaterThan(0);
    expect(all.every(Number.isFinite), name).toBe(true);
    expectRight(name, wanted.get(name)!, 1e-9);
  }
});

/** A place where an engine runs, and how all cases are run there; undefined if it does not start. */
interface Place {
  readonly title: string;
  /** What SSHN_CONFORMANCE calls it. */
  readonly word: Engine | 'dawn' | 'wide';
  readonly engine: Engine;
  readonly isMissing: boolean;
  readonly tolerance: number;
  run(): Promise<Report | undefined>;
}

let browser: Browser | undefined;
let files: Map<string, Uint8Array | string> | undefined;

async function inPage(engine: Engine, isIsolated: boolean): Promise<Report | undefined> {
  const args = ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
  browser ??= await chromium.launch({ executablePath: executablePath!, args });
  files ??= await pageFiles('conformance/page.ts');
  await using server = await serve(files, isIsolated);
  const page = await browser.newPage();
  try {
    await page.goto(server.url);
    return await page.evaluate(
      ([name, skipped]) =>
        (
          globalThis as unknown as { runConformance(...args: unknown[]): Promise<Report | undefined> }
        ).runConformance(name, skipped),
      [engine, Object.keys(known[engine] ?? {})] as const,
    );
  } finally {
    await page.close();
  }
}

/** In a process of its own; undefined where the engine does not start, as webgpu without Vulkan, Metal or Direct3D. */
async function inProcess(
  engine: Engine,
  command: string,
  flags: readonly string[] = [],
): Promise<Report | undefined> {
  const program = fileURLToPath(new URL('conformance/program.ts', import.meta.url));
  const folder = await bundleSources({ program }, fileURLToPath(new URL('.', import.meta.url)));
  const { stdout } = await promisify(execFile)(command, [...flags, join(folder, 'program.mjs'), engine], {
    env: { ...vulkan, ...process.env },
    maxBuffer: 2 ** 28,
    timeout: 600_000,
  });
  return (JSON.parse(stdout) as Report | null) ?? undefined;
}

const isPageMissing = executablePath === undefined;
const later = laterNode();
const isMerging = later !== undefined && (await hasWideUnits());
const inPages = (word: Engine, title: string, isIsolated: boolean, tolerance: number): Place => ({
  title,
  word,
  engine: word,
  isMissing: isPageMissing,
  tolerance,
  run: () => inPage(word, isIsolated),
});

const places: readonly Place[] = [
  {
    title: 'wasm in Node',
    word: 'wasm',
    engine: 'wasm',
    isMissing: false,
    tolerance: 1e-5,
    run: () => report('wasm'),
  },
  {
    title: 'wasm in a Node that merges pairs',
    word: 'wide',
    engine: 'wasm',
    isMissing: !isMerging,
    tolerance: 1e-5,
    // All code optimized from the start: what is merged is what runs.
    run: () => inProcess('wasm', later!, ['--no-liftoff']),
  },
  inPages('wasm', 'wasm in a page, one thread', false, 1e-5),
  inPages('wasm', 'wasm in an isolated page, two threads', true, 1e-5),
  inPages('webgpu', 'webgpu in a page', false, 1e-4),
  {
    title: 'webgpu in Node (Dawn)',
    word: 'dawn',
    engine: 'webgpu',
    isMissing: false,
    tolerance: 1e-4,
    run: () => inProcess('webgpu', process.execPath),
  },
  inPages('webgl', 'webgl in a page', false, 1e-4),
];

describe.each(places.filter(({ word }) => asked?.includes(word) ?? true))(
  '$title',
  ({ word, engine, isMissing, tolerance, run }) => {
    let reported: Report | undefined;
    beforeAll(async () => {
      if (!isMissing) reported = await run();
    }, 900_000);

    test('starts, leaves no tensors behind, and its device complains of nothing', (context) => {
      if (reported === undefined) context.skip(`${engine} does not start here`);
      expect(reported!.outcomes.filter(({ leaked }) => leaked !== undefined)).toEqual([]);
      expect(reported!.problems).toEqual([]);
      if (word === 'wide') expect(reported!.engine).toMatch(/^wide, 2 threads/);
    });

    test.for(names)('%s', (name, context) => {
      if (reported === undefined) context.skip(`${engine} does not start here`);
      const reason = known[engine]?.[name];
      if (reason !== undefined) context.skip(reason);
      const got = reported!.outcomes.find((outcome) => outcome.name === name)!;
      expect(got.error).toBeUndefined();
      expectRight(name, got, tolerance);
    });
  },
);

test('what is known to fail is a case', () => {
  for (const reasons of Object.values(known))
    expect(names).toEqual(expect.arrayContaining(Object.keys(reasons)));
});

afterAll(async () => {
  await browser?.close();
});
