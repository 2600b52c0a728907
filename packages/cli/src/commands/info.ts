import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { countParams } from '@sshn/core';
import { networkOf, settingKey } from '@sshn/model';
import { openModel } from '@sshn/predict/node';
import type { Command } from 'commander';
import { movesKnobs } from '../pareto/curve.js';
import { startBackend } from '../process/backend.js';
import { exitCodes } from '../program-help.js';
import { modelHelp, modelSource } from '../run/model-source.js';
import { roundedText } from '../run/rounding.js';
import { bytesText, costText, countText, diceText, textTable } from '../terminal/text.js';

const infoHelp = {
  description: `Tell what a model is: task, network and method, what images it expects, its labels, its accuracy and cost by \
setting, and where it comes from. MODEL is a run folder, a model file, or the name of an included model.`,
  examples: `
Examples:
  $ sshn info runs/cells
  $ sshn info cells
  $ sshn info cells.safetensors --json     # the manifest of the file, and its costs`,
};

/** `sshn info`: what a model file says about itself. */
export function addInfoCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('info')
    .summary('tell what a model is, expects and costs')
    .description(infoHelp.description)
    .argument('<model>', modelHelp)
    .option('--json', 'print it as JSON')
    .addHelpText('after', infoHelp.examples)
    .action(async (path: string, { json }: { json?: boolean }) => finish(await info(path, json ?? false)));
}

async function info(given: string, json: boolean): Promise<number> {
  const path = await modelSource(given);
  await startBackend({ threads: 1 }, 'inference');
  const model = await openModel(path);
  try {
    const { manifest } = model;
    const { prior, method, network, preprocessing, provenance, accuracyCost } = manifest;
    const all = model.points;
    // Without a table, a few factors of many.
    const some =
      accuracyCost.length > 0 ? all : all.filter((_, i) => i % Math.max(1, (all.length - 1) / 4) === 0);
    const timed = new Map(accuracyCost.map((row) => [settingKey(row), row.milliseconds]));
    const costs = some.map((point) => ({ ...point, milliseconds: timed.get(settingKey(point)) ?? null }));
    const isOfKnobs = movesKnobs(accuracyCost);
    if (json) {
      process.stdout.write(`${JSON.stringify({ ...manifest, costs }, null, 2)}\n`);
      return exitCodes.ok;
    }
    const file = existsSync(join(path, 'best.safetensors')) ? join(path, 'best.safetensors') : path;
    const { size, patch, channels, intensity, volumes } = preprocessing;
    const slices = volumes?.slices === undefined ? '' : `${volumes.slices} slices of volumes, `;
    const spacing = volumes?.spacingMm === undefined ? '' : `, at ${volumes.spacingMm.join('×')} mm`;
    const trained = countParams(networkOf(manifest).specs);
    const rows: Array<[string, string]> = [
      ['task', manifest.task],
      [
        'network',
        `${network.architecture}, ${countText(countParams(model.network.specs))} parameters${network.resolution === undefined ? '' : `, sees ${network.resolution} of the images' size`}`,
      ],
      [
        'method',
        `${method.kind}${trained === countParams(model.network.specs) ? '' : `, ${countText(trained)} trained parameters`}`,
      ],
      [
        'factors',
        prior.kind === 'constant' ? [prior.factor].flat().join(', ') : `${prior.low} to ${prior.high}`,
      ],
      ...Object.entries(manifest.knobRanges ?? {}).map(([knob, [low, high]]): [string, string] => [
        `${knob}s`,
        `${low} to ${high}`,
      ]),
      [
        'images',
        `${slices}${size.join('×')}${spacing}${patch === undefined ? '' : `, seen in patches of ${patch.join('×')}`}, ${channels === 1 ? 'grey' : `${channels} channels`}, intensity ${describe(intensity)}`,
      ],
      ['labels', manifest.labels.map(({ name }) => name).join(', ')],
      ['trained on', `${provenance.dataset}, seed ${provenance.seed}, ${provenance.date.slice(0, 10)}`],
      [
        'with',
        Object.entries(provenance.versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(', '),
      ],
      ['weights', roundedText(manifest.rounded) ?? ''],
      ['file', `${file}, ${bytesText((await stat(file)).size)}`],
    ];
    // A model may state no versions, for example.
    const stated = rows.filter(([, text]) => text !== '');
    const width = Math.max(...stated.map(([name]) => name.length));
    const table = textTable(
      ['φ', ...(isOfKnobs ? ['width', 'resolution'] : []), 'Dice', 'GFLOPs', 'MiB', 'ms'],
      costs.map(({ factor, width = 1, resolution = 1, dice, gflops, mebibytes, milliseconds }) => [
        [factor].flat().join(', '),
        ...(isOfKnobs ? [String(width), String(resolution)] : []),
        diceText(dice ?? undefined),
        ...[gflops, mebibytes, milliseconds].map((cost) =>
          cost === null || cost === undefined ? '–' : costText(cost),
        ),
      ]),
    );
    const hint =
      accuracyCost.length > 0 ? '' : '\nDice by setting is not in the file: run `sshn pareto` on the run.';
    process.stdout.write(
      `${stated.map(([name, text]) => `${name.padEnd(width)}  ${text}`).join('\n')}\n\n${table}${hint}\n`,
    );
    return exitCodes.ok;
  } finally {
    model.dispose();
  }
}

function describe({ kind, ...rest }: { readonly kind: string }): string {
  const values = Object.values(rest);
  return values.length === 0 ? kind : `${kind} ${values.join(' to ')}`;
}
