import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { disposeParams, initialize, Rng } from '@sshn/core';
import { type ManifestInput, networkOf, saveModel } from '@sshn/model';
import { useBackend } from '@sshn-internal/testing';
import { encode } from 'fast-png';
import { bundleSources, serveWorker } from '../../../../scripts/bundle-sources.mjs';

/** Of a cascade: the Dice that an agreement stands for. */
const line = { slope: 1, intercept: 0, error: 0.04 };

const labelNames = ['background', 'nucleus', 'cytoplasm'];

/**
 * `serve` as it is when built: one file, with that of the worker processes beside it. From the sources each of the many
 * processes of a test would take seconds to start.
 */
export async function builtService(): Promise<typeof import('../index.js')> {
  const source = fileURLToPath(new URL('../index.ts', import.meta.url));
  const folder = await bundleSources(
    { index: source, worker: serveWorker },
    fileURLToPath(new URL('../..', import.meta.url)),
  );
  return import(pathToFileURL(join(folder, 'index.mjs')).href);
}

/** A folder of model files with random weights, of raster images and of volumes. */
export async function modelFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sshn-serve-'));
  await useBackend('cpu');
  await store(join(folder, 'cells.safetensors'), [16, 16], 3);
  await store(join(folder, 'brains.safetensors'), [8, 8, 8], 1);
  await store(join(folder, 'pairs.safetensors'), [16, 16], 1, registration(2));
  await store(join(folder, 'scans.safetensors'), [8, 8, 8], 1, registration(3));
  await store(join(folder, 'knobs.safetensors'), [16, 16], 3, {
    network: {
      architecture: 'unet',
      options: { rank: 2, inChannels: 3, outChannels: 3, features: 4, stages: 3 },
      knobs: ['width', 'resolution'],
    },
    knobRanges: { width: [0.25, 1], resolution: [0.5, 1] },
    accuracyCost: [
      { factor: 0.1, width: 0.5, resolution: 0.5, dice: 0.8, gflops: 0.001, milliseconds: null },
      { factor: 0.5, dice: 0.9, gflops: 0.004, milliseconds: null },
    ],
    cascade: {
      images: 5,
      rungs: [
        { factor: 0.1, width: 0.5, resolution: 0.5, dice: 0.8, error: 0.05, labels: [line, line] },
        { factor: 0.5, dice: 0.9, error: 0.03, labels: [line, { ...line, intercept: 0.5, slope: 0.5 }] },
      ],
    },
  });
  // Large enough that measuring it takes a while.
  await store(join(folder, 'front.safetensors'), [128, 128], 3, {
    network: {
      architecture: 'unet',
      options: { rank: 2, inChannels: 3, outChannels: 3, features: 8, stages: 3 },
      knobs: ['width'],
    },
    accuracyCost: Array.from({ length: 12 }, (_, i) => ({
      factor: (i % 3) / 4,
      ...(i < 9 ? { width: (1 + Math.floor(i / 3)) / 4 } : {}),
      ...{ dice: 0.8 + i / 100, gflops: (i + 1) / 1000, milliseconds: null },
    })),
  });
  return { path: folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Of a network that predicts velocities; in 3D it takes λ. */
function registration(rank: number): Partial<ManifestInput> {
  return {
    task: 'registration',
    network: {
      architecture: 'unet',
      options: { rank, inChannels: 2, outChannels: 3, features: 3, stages: 3 },
      flow: { integrationSteps: 4, resolution: 'full' },
    },
    registration: {
      similarity: 'mse',
      window: 9,
      regularizer: 'diffusion',
      weight: 0.1,
      ...(rank === 3 ? { lambda: { low: 0, high: 1, distribution: 'uniform' as const, endpoints: 0 } } : {}),
    },
  };
}

async function store(
  path: string,
  size: number[],
  channels: number,
  changes: Partial<ManifestInput> = {},
): Promise<void> {
  const manifest: ManifestInput = {
    task: 'segmentation',
    network: {
      architecture: 'unet',
      options: { rank: size.length, inChannels: channels, outChannels: 3, features: 3, stages: 3 },
    },
    method: {
      kind: 'sshn',
      hypernetwork: {
        hidden: [4],
        encoding: 'linear',
        form: 'residual',
        residualScale: 0.1,
        factors: 1,
        conditions: changes.registration?.lambda === undefined ? 0 : 1,
      },
    },
    prior: { kind: 'uniform', low: 0, high: 0.5 },
    preprocessing: {
      size,
      channels,
      intensity: { kind: 'minMax' },
      ...(size.length === 3 ? { volumes: { fit: 'resize' as const } } : {}),
    },
    labels: labelNames.map((name) => ({ name })),
    accuracyCost: [
      { factor: 0.1, dice: 0.8, gflops: 0.001, milliseconds: null },
      { factor: 0.2, dice: 0.85, gflops: 0.002, milliseconds: null },
      { factor: 0.4, dice: 0.9, gflops: 0.004, milliseconds: null },
    ],
    provenance: { versions: {}, seed: 1, dataset: 'test', date: '2026-01-02T03:04:05.000Z', configHash: 'x' },
    ...changes,
  };
  const { specs } = networkOf(manifest);
  const params = initialize(specs, Rng.fromSeed(5));
  await writeFile(path, await saveModel({ specs, params, manifest }));
  disposeParams(params);
}

/** A PNG of noise, in color. */
export function noisePng(height: number, width: number, seed: number): Buffer<ArrayBuffer> {
  return pngOf(height, width, 3, seed);
}

/** A PNG of noise, in grey. */
export function grayPng(height: number, width: number, seed: number): Buffer<ArrayBuffer> {
  return pngOf(height, width, 1, seed);
}

function pngOf(height: number, width: number, channels: number, seed: number): Buffer<ArrayBuffer> {
  const random = Rng.fromSeed(seed);
  const data = Uint8Array.from({ length: height * width * channels }, () => random.integer(256));
  return Buffer.from(encode({ width, height, channels, depth: 8, data }));
}
