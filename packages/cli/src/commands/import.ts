import { createHash } from 'node:crypto';
import { ConfigError, countParams, disposeParams, FileError, namedParams, paramTree } from '@sshn/core';
import {
  importWeights,
  type ManifestInput,
  manifestSchema,
  manifestVersion,
  networkOf,
  readForeignWeights,
} from '@sshn/model';
import { readRegularFile, writeModelFile } from '@sshn/model/node';
import { requireFolder } from '@sshn/predict/node';
import type { Command } from 'commander';
import { z } from 'zod';
import { readPlainFile } from '../config/file.js';
import { startBackend } from '../process/backend.js';
import { version } from '../process/environment.js';
import { exitCodes } from '../program-help.js';
import { countText } from '../terminal/text.js';

const importHelp = {
  description: `Make a model file of weights that were trained in PyTorch.

WEIGHTS is what torch.save(model.state_dict(), path) wrote, or a safetensors file. Nothing in it is executed: of the pickle in \
PyTorch's files only what tensors need is read. --model is a YAML or JSON file that describes the network and its images as \
\`sshn info --json\` prints them: network, factor, preprocessing, labels. --names is a JSON file that gives each tensor of PyTorch \
the parameter that it becomes; with an empty table {} the error lists the names and shapes of both. Kernels are converted from \
PyTorch's layout (outputs, inputs, height, width) to ours.`,
  examples: `
Examples:
  $ cat model.yaml
  network: { architecture: unet, options: { features: [16, 32], downsampling: average } }
  factor: 0.5                     # what each downsampling step multiplies the size by
  preprocessing: { size: [128, 128], channels: 1, intensity: { kind: minMax } }
  labels: [{ name: background }, { name: cell }]
  $ cat names.json
  { "enc1.weight": "encoder.0.0.kernel", "enc1.bias": "encoder.0.0.bias", … }
  $ sshn import unet.pt --model model.yaml --names names.json -o unet.safetensors
  $ sshn predict unet.safetensors photo.png -o out`,
};

interface ImportFlags {
  readonly model: string;
  readonly names: string;
  readonly out: string;
}

/** Longest table of names, and largest file of weights, in bytes. */
const most = { names: 2 ** 23, weights: 2 ** 31 } as const;

/** `sshn import`: a model file of weights of PyTorch. */
export function addImportCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('import')
    .summary('make a model of weights of PyTorch')
    .description(importHelp.description)
    .argument('<weights>', 'file of torch.save(model.state_dict(), …), or safetensors')
    .requiredOption('-m, --model <file>', 'YAML or JSON: network, factor, preprocessing, labels')
    .requiredOption(
      '-n, --names <file>',
      "JSON: names of PyTorch's tensors, and the parameters that they become",
    )
    .requiredOption('-o, --out <file>', 'the model file, .safetensors')
    .addHelpText('after', importHelp.examples)
    .action(async (weights: string, flags: ImportFlags) => finish(await importModel(weights, flags)));
}

async function importModel(path: string, { model, names: table, out }: ImportFlags): Promise<number> {
  await requireFolder(out);
  const bytes = await readRegularFile(path, { most: most.weights });
  const manifest = await readDescription(model, path, bytes);
  const names = await readNames(table);
  await startBackend({ threads: 1 }, 'inference');
  const { specs, network } = networkOf(manifest);
  const params = importWeights(network.specs, readForeignWeights(bytes, path), names, path);
  try {
    const named = [...namedParams(params)].map(([place, tensor]) => [`network.${place}`, tensor] as const);
    await writeModelFile(out, { specs, params: paramTree(specs, new Map(named)), manifest });
  } finally {
    disposeParams(params);
  }
  process.stdout.write(
    `${out}: ${manifest.network.architecture}, ${countText(countParams(specs))} parameters\n`,
  );
  return exitCodes.ok;
}

const described = z.strictObject({
  network: z.strictObject({
    architecture: z.string(),
    options: z.record(z.string(), z.unknown()).default({}),
  }),
  factor: z.union([z.number(), z.array(z.number())]),
  preprocessing: z.looseObject({ size: z.array(z.number()), channels: z.number() }),
  labels: z.array(z.unknown()),
});

/** The manifest of the model. Channels, labels and dimensions of the network follow from its images. */
async function readDescription(path: string, weights: string, bytes: Uint8Array): Promise<ManifestInput> {
  const given = described.safeParse(await readPlainFile(path));
  if (!given.success) throw new ConfigError(path, given.error.issues);
  const { network, factor, preprocessing, labels } = given.data;
  const { size, channels } = preprocessing;
  const space = { rank: size.length, inChannels: channels, outChannels: labels.length };
  const result = manifestSchema.safeParse({
    format: 'sshn',
    version: manifestVersion,
    task: 'segmentation',
    network: { ...network, options: { ...space, ...network.options } },
    method: { kind: 'fixed', factor },
    prior: { kind: 'constant', factor },
    preprocessing,
    labels,
    accuracyCost: [],
    provenance: {
      versions: { '@sshn/cli': version },
      seed: 0,
      dataset: `weights of ${weights}`,
      date: new Date().toISOString(),
      configHash: createHash('sha256').update(bytes).digest('hex').slice(0, 16),
    },
  });
  if (!result.success) throw new ConfigError(path, result.error.issues);
  const { format: _, version: __, ...manifest } = result.data;
  return manifest as ManifestInput;
}

async function readNames(path: string): Promise<Readonly<Record<string, string>>> {
  const text = new TextDecoder().decode(await readRegularFile(path, { most: most.names }));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FileError({
      path,
      problem: `is not JSON: ${(cause as Error).message}`,
      remedy: 'Correct it there.',
      cause,
    });
  }
  const names = z.record(z.string(), z.string()).safeParse(value);
  if (names.success) return names.data;
  throw new FileError({
    path,
    problem: 'is no object whose values are texts',
    remedy: 'Write { "conv1.weight": "encoder.0.0.kernel", … }.',
  });
}
