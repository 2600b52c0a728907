import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { paramTree, SshnError } from '@sshn/core';
import { exportGraphModel, graphModelFiles } from '@sshn/graph-model';
import {
  inputSize,
  loadModel,
  type Manifest,
  namedSetting,
  networkOf,
  saveModel,
  settingText,
} from '@sshn/model';
import { writeFileAtomic } from '@sshn/model/node';
import { exportOnnx } from '@sshn/onnx';
import { type Chosen, Registrar, type Segmenter } from '@sshn/predict';
import { openModel, requireFolder } from '@sshn/predict/node';
import { fieldOf } from '@sshn/registration';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Command, Option } from 'commander';
import { type ComputingFlags, startBackend } from '../process/backend.js';
import { exitCodes, factorHelp } from '../program-help.js';
import { modelHelp, modelSource } from '../run/model-source.js';
import {
  type ComparedImages,
  imagesOfFolder,
  imagesOfRun,
  measureRounding,
  roundedText,
} from '../run/rounding.js';
import { bytesText } from '../terminal/text.js';
import { addComputingOptions, factorType, grouped, readerOf } from './options.js';
import {
  addSettingOptions,
  requireOneChoice,
  type SettingFlags,
  settingChoice,
  settingOptionNames,
} from './setting-options.js';

const exportHelp = {
  description: `Write the plain network of one setting to a file, without the hypernetwork.

safetensors: opens with every command of sshn and with openModel of @sshn/predict, a small part of the size of the run's model. \
With --dtype float16 it has half the size: weights are rounded to 16 bits, and what that costs in Dice is measured on the \
validation images of the run, or on those of --data, and stored in the file, where \`sshn info\` shows it. With --whole the file \
has the model for all factors.
onnx: runs in onnxruntime and in other runtimes; one input [batch, channels, ...size], the batch free. Preprocessing, label \
names and the factor are in its metadata under the key sshn, as JSON.
tfjs: a folder with model.json and its weights, which tf.loadGraphModel opens without any package of ours; one input \
[batch, ...size, channels], the same metadata.

Of a registration model the output of onnx and tfjs is the displacement field in voxels.

${factorHelp}`,
  examples: `
Examples:
  $ sshn export runs/cells --factor 0.25 -o cells.safetensors
  $ sshn export runs/cells --factor 0.25 --dtype float16 -o small.safetensors
  $ sshn export runs/cells --whole --dtype float16 -o all-factors.safetensors
  $ sshn export runs/cells --gflops 0.5 -o cells.onnx
  $ sshn export runs/cells --dice 0.93 -o cells.onnx       # the cheapest setting that reaches it
  $ sshn export runs/cells --to tfjs -o cells/             # model.json and weights, for tf.loadGraphModel`,
};

const formats = ['safetensors', 'onnx', 'tfjs'] as const;
const dtypes = ['float32', 'float16'] as const;

interface ExportFlags extends ComputingFlags, SettingFlags {
  readonly out: string;
  readonly to?: (typeof formats)[number];
  readonly lambda?: number;
  readonly dtype: (typeof dtypes)[number];
  readonly whole?: boolean;
  readonly data?: string;
}

/** `sshn export`: the plain network of one setting, as a file for this or another runtime. */
export function addExportCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('export')
    .summary('write the plain network of one setting to a file')
    .description(exportHelp.description)
    .argument('<model>', modelHelp)
    .requiredOption(
      '-o, --out <path>',
      'the file; its ending says the format unless --to does. Of tfjs the folder',
    )
    .addOption(new Option('--to <format>', 'format of the file').choices(formats))
    .addOption(
      new Option('--dtype <name>', 'how weights are stored, of safetensors: float16 halves the file')
        .choices(dtypes)
        .default('float32'),
    )
    .option(
      '--data <folder>',
      'images with labels on which float16 is compared with float32 (default: the validation images of the run)',
    )
    .addOption(
      new Option('--whole', 'the model for all factors, its hypernetwork included; safetensors').conflicts([
        ...settingOptionNames,
        'lambda',
      ]),
    );
  addSettingOptions(command).addOption(
    grouped(
      'Accuracy and cost',
      new Option(
        '--lambda <number>',
        'weight of smoothness, in [0, 1], of a registration model that takes one',
      ).argParser(readerOf(factorType)),
    ),
  );
  addComputingOptions(command).addHelpText('after', exportHelp.examples);
  command.action(async (model: string, flags: ExportFlags) => {
    requireOneChoice(command, flags);
    const format = flags.to ?? formats.find((name) => flags.out.endsWith(`.${name}`));
    if (format === undefined) {
      const endings = formats
        .slice(0, 2)
        .map((name) => `.${name}`)
        .join(' or ');
      return command.error(
        `error: the ending of '${flags.out}' names no format: call it ${endings}, or give --to`,
      );
    }
    if (format !== 'safetensors' && (flags.whole || flags.dtype !== 'float32')) {
      const flag = flags.whole ? '--whole' : '--dtype float16';
      command.error(
        `error: ${flag} is for safetensors, not for ${format}: leave it out, or give --to safetensors`,
      );
    }
    if (flags.data !== undefined && flags.dtype === 'float32')
      command.error('error: --data is for --dtype float16, which is compared with float32 on its images');
    finish(await exportModel(model, format, flags));
  });
}

async function exportModel(
  given: string,
  format: (typeof formats)[number],
  flags: ExportFlags,
): Promise<number> {
  const { out } = flags;
  await requireFolder(out);
  await startBackend(flags, 'inference');
  const path = await modelSource(given);
  const model = await openModel(path);
  try {
    const chosen = await settingOf(model, flags);
    const file = (await stat(path)).isDirectory() ? join(path, 'best.safetensors') : path;
    const before = bytesText((await stat(file)).size);
    const files =
      format === 'tfjs'
        ? graphModelFiles(await exportGraphModel(graphOf(model, chosen)))
        : new Map([
            [
              '',
              format === 'onnx'
                ? await exportOnnx(graphOf(model, chosen))
                : await modelFile(model, chosen, path, flags),
            ],
          ]);
    if (format === 'tfjs') await mkdir(out, { recursive: true });
    for (const [name, bytes] of files) await writeFileAtomic(join(out, name), bytes);
    const size = bytesText([...files.values()].reduce((sum, { length }) => sum + length, 0));
    const { reason, setting } = flags.whole
      ? { reason: 'The model for all factors.', setting: '' }
      : { reason: chosen.reason, setting: `φ = ${settingText(namedSetting(chosen.at))}, ` };
    process.stdout.write(`${reason}\n${out}: ${setting}${size}; the model has ${before}\n`);
    return exitCodes.ok;
  } finally {
    model.dispose();
  }
}

/** The setting that the flags ask for. */
async function settingOf(model: Segmenter | Registrar, flags: ExportFlags): Promise<Chosen> {
  if (flags.milliseconds !== undefined) await model.calibrate();
  return model.choose({ ...settingChoice(flags), lambda: flags.lambda });
}

/** The bytes of a model file; of rounded weights with what rounding costs, where there are images to measure it. */
async function modelFile(
  model: Segmenter | Registrar,
  { at }: Chosen,
  path: string,
  { whole, dtype, data }: ExportFlags,
): Promise<Uint8Array> {
  const exact = whole ? model.whole : model.plainAt({ at });
  const bytes = await saveModel(exact, { dtype });
  if (dtype === 'float32') return bytes;
  const images = await comparedImages(path, data, model.manifest, at.conditions[0]);
  if (images === undefined) return bytes;
  const { manifest, params } = loadModel(bytes, path);
  try {
    const { specs } = networkOf(manifest);
    const rounded = { specs, manifest, params: paramTree(specs, params) };
    const { prior } = exact.manifest;
    const factors =
      prior.kind === 'constant' ? [prior.factor] : [prior.low, (prior.low + prior.high) / 2, prior.high];
    const measured = await measureRounding(images, exact, rounded, factors);
    const what = { dtype, measured };
    process.stdout.write(`${roundedText(what)}\n`);
    return await saveModel({ ...rounded, manifest: { ...manifest, rounded: what } }, { dtype });
  } finally {
    images.dispose();
    for (const tensor of params.values()) tensor.dispose();
  }
}

/** Images to compare precisions on; a note, where there are none. */
async function comparedImages(
  path: string,
  data: string | undefined,
  manifest: Manifest,
  lambda: number | undefined,
): Promise<ComparedImages | undefined> {
  const isRun = (await stat(path)).isDirectory();
  if (!isRun && data !== undefined) return imagesOfFolder(data, manifest);
  try {
    if (isRun) return await imagesOfRun(path, data, lambda);
  } catch (error) {
    if (!(error instanceof SshnError) || data !== undefined) throw error;
    process.stderr.write(`note: what rounding costs is not measured: ${error.message}\n`);
    return undefined;
  }
  process.stderr.write(
    'note: what rounding costs is not measured: give --data, a folder of images with labels, or export from a run folder\n',
  );
  return undefined;
}

/** The graph of a setting, with what a user of the file needs to know as metadata. */
function graphOf(model: Segmenter | Registrar, { at }: Chosen) {
  const { manifest } = model;
  const { channels } = manifest.preprocessing;
  const size = inputSize(manifest);
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
