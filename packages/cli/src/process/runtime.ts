import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SshnError } from '@sshn/core';
import type { Runtime } from '@sshn/model';
import { type OnnxRuntimeModule, onnxRuntime } from '@sshn/onnx';

/** What runs the plain network in `sshn predict`. */
export const runtimeChoices = ['tfjs', 'onnxruntime'] as const;
export type RuntimeChoice = (typeof runtimeChoices)[number];

/** onnxruntime is asked for and is not installed. */
class RuntimeMissingError extends SshnError {
  override readonly name = 'RuntimeMissingError';
}

/**
 * The runtime of a name; undefined is the backend of tfjs.
 *
 * onnxruntime-node is large and native, so users install it themselves: beside sshn, or in the folder that they work in.
 *
 * @throws {RuntimeMissingError} if it is not installed.
 */
export async function runtimeOf(
  choice: RuntimeChoice,
  threads: number | undefined,
): Promise<Runtime | undefined> {
  if (choice === 'tfjs') return undefined;
  const ort = await import('onnxruntime-node').catch(fromWorkingFolder);
  return onnxRuntime(ort as OnnxRuntimeModule, threads === undefined ? {} : { intraOpNumThreads: threads });
}

async function fromWorkingFolder(): Promise<unknown> {
  try {
    const path = createRequire(join(process.cwd(), 'package.json')).resolve('onnxruntime-node');
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    throw new RuntimeMissingError(
      `--runtime onnxruntime: onnxruntime-node cannot be loaded. Install it where you work: npm install onnxruntime-node`,
      { cause },
    );
  }
}
