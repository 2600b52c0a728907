/**
 * A program: random sequences of allocations against a model, and the sequence that breaks the stock allocator.
 *
 *   allocator.ts stock|guarded|mended SEED
 *
 * `stock` is the allocator of tfjs as it is, `guarded` with `guardHeap` alone, `mended` that of `createBackend`. Prints one
 * line of JSON.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { backend, setBackend } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';

import { WasmMemoryError } from '../../errors.js';
import { guardHeap } from '../guard.js';
import { createBackend } from '../tfjs-backend.js';
import { tfjsModule } from '../tfjs-module.js';
import { stockBinary } from './binary.js';

const MIB = 2 ** 20;
const CALLS = 4000;

interface Block {
  readonly address: number;
  readonly bytes: number;
  readonly stamp: number;
}

const [kind, seed] = process.argv.slice(2) as [string, string];

async function start(): Promise<BackendWasm> {
  if (kind === 'mended') return createBackend(stockBinary(), { isShared: true });
  await setBackend('wasm');
  if (kind === 'guarded') guardHeap(backend() as BackendWasm);
  return backend() as BackendWasm;
}

const module = tfjsModule(await start());
const heapBytes = (): number => module.HEAPU8.buffer.byteLength;

/** The blocks that the model holds, and what it has found wrong. */
const live: Block[] = [];
const faults: string[] = [];
let refused = 0;
let stamps = 0;

/** Words at both ends of a block, which nothing else may change. */
const ends = ({ address, bytes }: Block): number[] => [address >>> 2, (address + (bytes & ~3) - 4) >>> 2];

function allocate(bytes: number): Block | undefined {
  let address: number;
  try {
    address = module._malloc(bytes) >>> 0;
  } catch (error) {
    if (!(error instanceof WasmMemoryError)) faults.push(`untyped: ${error}`);
    refused++;
    return undefined;
  }
  const block = { address, bytes, stamp: ++stamps };
  if (address === 0) faults.push(`${bytes} bytes at address 0`);
  if (address + bytes > heapBytes()) faults.push(`${address} + ${bytes} ends beyond ${heapBytes()}`);
  const other = live.find((it) => address < it.address + it.bytes && it.address < address + bytes);
  if (other !== undefined) faults.push(`${address} + ${bytes} overlaps ${other.address} + ${other.bytes}`);
  live.push(block);
  for (const end of ends(block)) module.HEAP32[end] = block.stamp;
  return block;
}

function release(block: Block): void {
  if (ends(block).some((end) => module.HEAP32[end] !== block.stamp)) {
    faults.push(`${block.address} + ${block.bytes} was overwritten`);
  }
  live.splice(live.indexOf(block), 1);
  module._free(block.address);
}

const sequence = (): void => {
  release(allocate(64 * MIB)!);
  const pair = [allocate(400 * MIB)!, allocate(400 * MIB)!];
  allocate(1024 * MIB);
  for (const block of pair) release(block);
  for (const size of [768, 1200, 1200]) allocate(size * MIB);
};

/** A linear congruence: numbers in [0, 1). */
let state = Number(seed) >>> 0;
const random = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};

sequence();
if (kind !== 'stock') {
  for (let i = 0; i < CALLS; i++) {
    // From 8 bytes to 2 GiB, each order of magnitude alike; more is freed where little room is left.
    if (live.length > 0 && random() < 0.45) release(live[Math.floor(random() * live.length)]!);
    else if (allocate(Math.floor(8 * 2 ** (28 * random()))) === undefined && live.length > 0) {
      release(live.reduce((most, block) => (block.bytes > most.bytes ? block : most)));
    }
  }
  for (const block of [...live]) release(block);
  // Nothing was lost: the heap is one free block again.
  if (allocate(heapBytes() - 64 * MIB) === undefined) faults.push('memory was lost');
}
process.stdout.write(
  `${JSON.stringify({ faults: faults.slice(0, 5), refused, heapMiB: heapBytes() / MIB })}\n`,
);
