import '@tensorflow/tfjs-backend-cpu';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { env } from '@tensorflow/tfjs-core';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageFiles } from './bundle.js';
import { findChromium } from './chromium.js';
import { deviation } from './conformance/compare.js';
import { type Engine, start } from './conformance/engines.js';
import { known } from './conformance/known.js';
import type { Report } from './conformance/page.js';
import { cases, type Outcome, runCases } from './conformance/run.js';
import { serve } from './serve.js';

// The same computations on every backend that starts here, compared with tfjs' cpu backend. SSHN_CONFORMANCE=webgl,wasm
// runs those alone. webgl, and webgpu in Node ('dawn'), are run where they are asked for: without a GPU they take minutes.

const names = cases.map(({ name }) => name);
const executablePath = findChromium();
const asked = process.env.SSHN_CONFORMANCE?.split(',');
const isDawnAsked = asked?.includes('dawn') ?? false;

/** Vulkan in software, for machines without a GPU: Debian's Chromium brings it. */
const chromiumFolder = '/usr/lib/chromium';
const vulkan = existsSync(`${chromiumFolder}/vk_swiftshader_icd.json`)
  ? {
      VK_ICD_FILENAMES: `${chromiumFolder}/vk_swiftshader_icd.json`,
      LD_LIBRARY_PATH: chromiumFolder,
    }
  : {};

let wanted: ReadonlyMap<string, Outcome>;
beforeAll(async () => {
  env().set('PROD', true);
  await start('cpu');
  wanted = new Map((await runCases()).map((outcome) => [outcome.name, outcome]));
});

test('on cpu every case has finite numbers, and leaves nothing behind', () => {
  expect([...wanted.keys()]).toEqual(names);
  for (const { name, values, leaked, error } of wanted.values()) {
    expect(error, name).toBeUndefined();
    expect(leaked, name).toBe(0);
    const all = Object.values(values).flat();
    expect(all.length, name).toBeGreaterThan(0);
    expect(all.every(Number.isFinite), name).toBe(true);
  }
});

/** A place where an engine runs, and how all cases are run there; undefined if it does not start. */
interface Place {
  readonly title: string;
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

async function inDawn(): Promise<Report | undefined> {
  const program = fileURLToPath(new URL('conformance/dawn.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), '--conditions=@sshn/source', program],
    { env: { ...vulkan, ...process.env }, maxBuffer: 2 ** 28 },
  );
  return (JSON.parse(stdout) as Report | null) ?? undefined;
}

const isPageMissing = executablePath === undefined;
const places: readonly Place[] = [
  {
    title: 'wasm in Node',
    engine: 'wasm',
    isMissing: false,
    tolerance: 1e-5,
    run: async () => ({ engine: (await start('wasm'))!, outcomes: await runCases() }),
  },
  {
    title: 'wasm in a page, one thread',
    engine: 'wasm',
    isMissing: isPageMissing,
    tolerance: 1e-5,
    run: () => inPage('wasm', false),
  },
  {
    title: 'wasm in an isolated page, two threads',
    engine: 'wasm',
    isMissing: isPageMissing,
    tolerance: 1e-5,
    run: () => inPage('wasm', true),
  },
  {
    title: 'webgpu in a page',
    engine: 'webgpu',
    isMissing: isPageMissing,
    tolerance: 1e-4,
    run: () => inPage('webgpu', false),
  },
  {
    title: 'webgpu in Node (Dawn)',
    engine: 'webgpu',
    isMissing: !isDawnAsked,
    tolerance: 1e-4,
    run: inDawn,
  },
  {
    title: 'webgl in a page',
    engine: 'webgl',
    isMissing: isPageMissing || !(asked?.includes('webgl') ?? false),
    tolerance: 1e-4,
    run: () => inPage('webgl', false),
  },
];

describe.each(
  places.filter(
    ({ engine, run }) => asked === undefined || asked.includes(engine) || (run === inDawn && isDawnAsked),
  ),
)('$title', ({ engine, isMissing, tolerance, run }) => {
  let report: Report | undefined;
  beforeAll(async () => {
    if (!isMissing) report = await run();
  }, 300_000);

  test('starts, and leaves no tensors behind', (context) => {
    if (report === undefined) context.skip(`${engine} does not start here, or was not asked for`);
    expect(report!.outcomes.filter(({ leaked }) => leaked !== 0)).toEqual([]);
  });

  test.for(names)('%s', (name, context) => {
    if (report === undefined) context.skip(`${engine} does not start here, or was not asked for`);
    const reason = known[engine]?.[name];
    if (reason !== undefined) context.skip(reason);
    const got = report!.outcomes.find((outcome) => outcome.name === name)!;
    expect(got.error).toBeUndefined();
    expect(deviation(got, wanted.get(name)!)).toBeLessThan(tolerance);
  });
});

test('what is known to fail is a case', () => {
  for (const reasons of Object.values(known))
    expect(names).toEqual(expect.arrayContaining(Object.keys(reasons)));
});

afterAll(async () => {
  await browser?.close();
});
