import type { io } from '@tensorflow/tfjs-core';

/** Largest weight file: what browsers keep in their caches. */
const shardBytes = 4 * 2 ** 20;

/**
 * The files of a graph model: `model.json`, and weights in shards of 4 MiB beside it. Serve or store them in one folder;
 * `tf.loadGraphModel` opens `model.json`.
 *
 * @param artifacts As `exportGraphModel` gives them.
 * @returns file names and contents, `model.json` last, so that what is half written does not open.
 */
export function graphModelFiles(artifacts: io.ModelArtifacts): ReadonlyMap<string, Uint8Array> {
  const { weightData, weightSpecs, ...model } = artifacts;
  const bytes = new Uint8Array(weightData as ArrayBuffer);
  const count = Math.max(1, Math.ceil(bytes.length / shardBytes));
  const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  const files = new Map(
    paths.map((path, i) => [path, bytes.subarray(i * shardBytes, (i + 1) * shardBytes)] as const),
  );
  const json = { ...model, weightsManifest: [{ paths, weights: weightSpecs }] };
  return files.set('model.json', new TextEncoder().encode(JSON.stringify(json)));
}
