import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Factor } from '@sshn/core';
import { exportGraphModel, graphModelFiles } from '@sshn/graph-model';
import { saveModel } from '@sshn/model';
import { writeFileAtomic } from '@sshn/model/node';
import { exportOnnx } from '@sshn/onnx';
import { Registrar, type Segmenter } from '@sshn/predict';
import { openModel, requireFolder } from '@sshn/predict/node';
import { fieldOf } from '@sshn/registration';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Command, Option } from 'commander';
import { parseFactor } from '../config/values.js';
import { type ComputingFlags, startBackend } from '../process/backend.js';
import { exitCodes } from '../process/exit.js';
import { modelHelp, modelSource } from '../run/model-source.js';
import { bytesText, factorText as textOf } from '../terminal/text.js';
import { addComputingOptions, argument, factorText, factorType, grouped, readerOf } from './options.js';

const exportHelp = {
  description: `Write the plain network of one rescaling factor to a file, without the hypernetwork.

safetensors: opens with every command of sshn and with openModel of @sshn/predict, a small part of the size of the run's model.
onnx: runs in onnxruntime and in other runtimes; one input [batch, channels, ...size], the batch free. Preprocessing, label \
names and the factor are in its metadata under the key sshn, as JSON.
tfjs: a folder with model.json and its weights, which tf.loadGraphModel opens without any package of ours; one input \
[batch, ...size, channels], the same metadata.

Of a registration model the output of onnx and tfjs is the displacement field in voxels.

${factorText}`,
  examples: `
Examples:
  $ sshn export runs/cells --factor 0.25 -o cells.safetensors
  $ sshn export runs/cells --gflops 0.5 -o cells.onnx
  $ sshn export runs/cells --dice 0.93 -o cells.onnx       # the cheapest factor that reaches it
  $ sshn export runs/cells --to tfjs -o cells/             # model.json and weights, for tf.loadGraphModel`,
};

const formats = ['safetensors', 'onnx', 'tfjs'] as const;

interface ExportFlags extends ComputingFlags {
  readonly out: string;
  readonly to?: (typeof formats)[number];
  readonly factor?: Factor;
  readonly lambda?: number;
  readonly gflops?: number;
  readonly milliseconds?: number;
  readonly dice?: number;
}

const positive = { kind: 'number', isInteger: false, above: 0 } as const;

/** `sshn export`: the plain network of one setting, as a file for this or another runtime. */
export function addExportCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('export')
    .summary('write the plain network of one factor to a file')
    .description(exportHelp.description)
    .argument('<model>', modelHelp)
    .requiredOption(
      '-o, --out <path>',
      'the file; its ending says the format unless --to does. Of tfjs the folder',
    )
    .addOption(new Option('--to <format>', 'format of the file').choices(formats));
  const add = (flag: string, text: string, read: (text: string) => unknown) =>
    command.addOption(grouped('Accuracy and cost', new Option(flag, text).argParser(read)));
  add('--factor <numbers>', 'rescaling factor (default: the largest of training)', argument(parseFactor));
  add(
    '--lambda <number>',
    'weight of smoothness, in [0, 1], of a registration model that takes one',
    readerOf(factorType),
  );
  add('--gflops <number>', 'the most accurate factor with at most so many 10⁹ FLOPs', readerOf(positive));
  add(
    '--milliseconds <number>',
    'the most accurate factor that takes at most so long on this machine',
    readerOf(positive),
  );
  add(
    '--dice <number>',
    'the cheapest factor with at least this Dice, by the table of sshn pareto',
    readerOf(factorType),
  );
  addComputingOptions(command).addHelpText('after', exportHelp.examples);
  command.action(async (model: string, flags: ExportFlags) => {
    const format = flags.to ?? formats.find((name) => flags.out.endsWith(`.${name}`));
    if (format === undefined) {
      const endings = formats
        .slice(0, 2)
        .map((name) => `.${name}`)
        .join(' or ');
      command.error(`error: the ending of '${flags.out}' names no format: call it ${endings}, or give --to`);
    } else finish(await exportModel(model, format, flags));
  });
}

async function exportModel(
  given: string,
  format: (typeof formats)[number],
  { out, factor, lambda, gflops, milliseconds, dice, ...computing }: ExportFlags,
): Promise<number> {
  await requireFolder(out);
  await startBackend(computing, 'inference');
  const path = await modelSource(given);
  const model = await openModel(path);
  try {
    if (milliseconds !== undefined) await model.calibrate();
    const chosen = model.choose({
      ...(factor === undefined ? {} : { factor }),
      ...(lambda === undefined ? {} : { lambda }),
      ...(gflops === undefined ? {} : { gflops }),
      ...(milliseconds === undefined ? {} : { milliseconds }),
      ...(dice === undefined ? {} : { dice }),
    });
    const files =
      format === 'tfjs'
        ? graphModelFiles(await exportGraphModel(graphOf(model, chosen)))
        : new Map([
            [
              '',
              format === 'onnx'
                ? await exportOnnx(graphOf(model, chosen))
                : await saveModel(model.plainAt(chosen)),
            ],
          ]);
    if (format === 'tfjs') await mkdir(out, { recursive: true });
    for (const [name, bytes] of files) await writeFileAtomic(join(out, name), bytes);
    const size = [...files.values()].reduce((sum, { length }) => sum + length, 0);
    const file = (await stat(path)).isDirectory() ? join(path, 'best.safetensors') : path;
    const before = bytesText((await stat(file)).size);
    process.stdout.write(
      `${chosen.reason}\n${out}: φ = ${textOf(chosen.at.factors)}, ${bytesText(size)}; the model has ${before}\n`,
    );
    return exitCodes.ok;
  } finally {
    model.dispose();
  }
}

/** The graph of a setting, with what a user of the file needs to know as metadata. */
function graphOf(model: Segmenter | Registrar, { at }: ReturnType<Segmenter['choose']>) {
  const { manifest } = model;
  const { size, channels } = manifest.preprocessing;
  const { inChannels } = manifest.network.options;
  const plain = model.plainAt({ at }).manifest;
  const isRegistration = model instanceof Registrar;
  const integrationSteps = isRegistration ? model.integrationSteps : 0;
  return {
    network: model.network,
    params: model.weightsAt(at),
    at,
    size,
    channels: typeof inChannels === 'number' ? inChannels : channels,
    ...(isRegistration
      ? {
          after: (flow: Tensor) => fieldOf(flow, size, { integrationSteps }),
          names: { input: 'pair', output: 'field' },
        }
      : {}),
    metadata: { sshn: JSON.stringify(plain) },
  };
}
