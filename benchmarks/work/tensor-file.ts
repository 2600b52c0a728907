import { readFile, writeFile } from 'node:fs/promises';
import { decodeSafetensors, encodeSafetensors } from '@sshn/model';
import type { Tensors } from './work.js';

/** Leaves tensors where a peer finds them. */
export function writeTensors(path: string, tensors: Tensors): Promise<void> {
  return writeFile(path, encodeSafetensors({ tensors, metadata: {} }));
}

/** Reads what `writeTensors`, or a peer in another language, has left. */
export async function readTensors(path: string): Promise<Tensors> {
  const { buffer, byteOffset, byteLength } = await readFile(path);
  // Not a Buffer: its `slice` would not copy.
  return new Map(decodeSafetensors(new Uint8Array(buffer, byteOffset, byteLength), path).tensors);
}
