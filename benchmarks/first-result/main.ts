// How long it is from the start of a process, or of a visit to a page, to the first labels, step by step: at first, and again when
// engines may have kept what they compiled. Takes the built packages, as users do (`pnpm build` first). Two minutes.
// `pnpm --dir benchmarks bench:first [--repeats 7] [--node PATH]`
import '@tensorflow/tfjs-backend-cpu';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { initialize, Rng } from '@sshn/core';
import { type ManifestInput, networkOf } from '@sshn/model';
import { writeModelFile } from '@sshn/model/node';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { findBrowser } from '../../scripts/find-browser.mjs';
import { busyProcessors, describeMachine } from '../report/machine.js';
import { median } from '../runner/statistics.js';
import type { Visit } from './steps.js';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: { repeats: { type: 'string', default: '7' }, node: { type: 'string', default: process.execPath } },
});
const repeats = Number(values.repeats);

/** The U-Net of the paper with the default hypernetwork, untrained. */
const manifest: ManifestInput = {
  task: 'segmentation',
  network: { architecture: 'unet', options: { inChannels: 1, outChannels: 2, features: 32 } },
  method: {
    kind: 'sshn',
    hypernetwork: {
      form: 'centred',
      hidden: [10, 16],
      residualScale: 0.1,
      encoding: 'linear',
      factors: 1,
      conditions: 0,
    },
  },
  prior: { kind: 'uniform', low: 0, high: 0.5 },
  preprocessing: { size: [256, 256], channels: 1, intensity: { kind: 'minMax' } },
  labels: [{ name: 'background' }, { name: 'cell' }],
  accuracyCost: [],
  provenance: {
    versions: {},
    seed: 1,
    dataset: 'none',
    date: '2026-01-01T00:00:00.000Z',
    configHash: 'none',
  },
};

const folder = await mkdtemp(join(tmpdir(), 'sshn-first-'));
try {
  const model = join(folder, 'model.safetensors');
  const { specs } = networkOf(manifest);
  await writeModelFile(model, { specs, params: initialize(specs, Rng.fromSeed(1)), manifest });
  const others = await busyProcessors(2000);
  console.log(`${describeMachine()}; other work: ${others.toFixed(1)} processors\n`);
  console.log(await nodeTable(model));
  console.log(await pageTable(model));
} finally {
  // A browser that was closed may still write into its profile.
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Processes: where nothing is kept, and where compiled scripts are (from Node 22 on). */
async function nodeTable(model: string): Promise<string> {
  const built = join(here, '../node_modules/.cache/first-result');
  const options = { ssr: join(here, 'in-node.ts'), outDir: built, emptyOutDir: true };
  await build({ root: here, logLevel: 'error', build: options, ssr: { external: true } });
  const run = async (threads: number, env: Readonly<Record<string, string>> = {}): Promise<Visit> => {
    const args = [join(built, 'in-node.js'), model, `${threads}`];
    const { stdout } = await promisify(execFile)(values.node, args, { env: { ...process.env, ...env } });
    return JSON.parse(stdout) as Visit;
  };
  const kept = { NODE_COMPILE_CACHE: join(folder, 'compiled') };
  await run(2, kept);
  const [first, later, alone]: [Visit[], Visit[], Visit[]] = [[], [], []];
  for (let i = 0; i < repeats; i++) {
    first.push(await run(2));
    later.push(await run(2, kept));
    alone.push(await run(1, kept));
  }
  return table(values.node, {
    'nothing kept': first,
    NODE_COMPILE_CACHE: later,
    'the same, one thread': alone,
  });
}

/** Visits of a page: the first of a new profile, and the fourth, when Chromium has kept the code of scripts and wasm. */
async function pageTable(model: string): Promise<string> {
  const executablePath = findBrowser();
  if (executablePath === undefined) return 'No Chromium here: nothing is said about pages.';
  const site = join(folder, 'site');
  const options = { target: 'es2022', outDir: site, chunkSizeWarningLimit: 3000 } as const;
  await build({ root: join(here, 'page'), logLevel: 'error', build: options, worker: { format: 'es' } });
  const server = await serve(site, model);
  const { port } = server.address() as AddressInfo;
  const [first, later, alone]: [Visit[], Visit[], Visit[]] = [[], [], []];
  for (let i = 0; i < repeats; i++) {
    const profile = await mkdtemp(join(folder, 'profile-'));
    for (let visit = 1; visit <= 5; visit++) {
      const launch = { executablePath, args: ['--no-sandbox'] };
      const browser = await chromium.launchPersistentContext(profile, launch);
      const page = await browser.newPage();
      await page.goto(`http://localhost:${port}/?threads=${visit === 5 ? 1 : 2}`);
      await page.waitForFunction(() => /^[[{]/.test(document.title));
      const found = JSON.parse(await page.title()) as Visit | { readonly message: string };
      if ('message' in found) throw new Error(`The page failed: ${found.message}`);
      if (visit === 1) first.push(found);
      if (visit === 4) later.push(found);
      if (visit === 5) alone.push(found);
      await browser.close();
    }
  }
  await server[Symbol.asyncDispose]();
  return table('Chromium', { 'first visit': first, 'fourth visit': later, 'fifth, one thread': alone });
}

/** A static server as one would deploy it: isolated, compressed, and with names of files that may be kept for ever. */
async function serve(site: string, model: string): Promise<Server> {
  const types: Readonly<Record<string, string>> = {
    '.html': 'text/html',
    '.js': 'text/javascript',
    '.wasm': 'application/wasm',
  };
  const compressed = new Map<string, Buffer>();
  const server = createServer(async ({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const path =
      pathname === '/model.safetensors' ? model : join(site, pathname === '/' ? 'index.html' : pathname);
    const content = compressed.get(path) ?? gzipSync(await readFile(path).catch(() => ''));
    compressed.set(path, content);
    response.writeHead(200, {
      'Content-Type': types[extname(path)] ?? 'application/octet-stream',
      'Content-Encoding': 'gzip',
      'Cache-Control': 'max-age=31536000, immutable',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    });
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return server;
}

/** Medians of when each step was over, and of how long compiling took. */
function table(name: string, columns: Readonly<Record<string, readonly Visit[]>>): string {
  const all = Object.values(columns);
  const line = (first: string, of: (visit: Visit) => number) => [
    first,
    ...all.map((visits) => median(visits.map(of)).toFixed(0)),
  ];
  const rows = all[0]![0]!.times.map(({ step }, i) => line(step, ({ times }) => times[i]!.at));
  const head = [`${name}, ms`, ...Object.keys(columns)];
  const compiling = line('compiling WebAssembly, part of that', ({ compileMs }) => compileMs);
  const lines = [head, head.map(() => '---'), ...rows, compiling];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}
