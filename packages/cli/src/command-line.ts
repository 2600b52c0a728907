import { Command, CommanderError } from 'commander';
import { addEvaluateCommand } from './commands/evaluate.js';
import { addExportCommand } from './commands/export.js';
import { addInfoCommand } from './commands/info.js';
import { factorText } from './commands/options.js';
import { addParetoCommand } from './commands/pareto.js';
import { addPredictCommand } from './commands/predict.js';
import { addRegisterCommand } from './commands/register.js';
import { addServeCommand } from './commands/serve.js';
import { addTrainCommand } from './commands/train.js';
import { addWarpCommand } from './commands/warp.js';
import { diagnostics, version } from './process/environment.js';
import { exitCodes, explainFailure } from './process/exit.js';
import { printable } from './terminal/text.js';

const programHelp = {
  description: `Train one network, for segmentation or registration, that works at every rescaling factor, then choose the factor.

${factorText} A hypernetwork predicts the weights for each φ, so one training gives the whole accuracy-cost curve.`,
  examples: `
Examples:
  $ sshn train phantoms --epochs 20          # generated images, no data needed
  $ sshn train cells/ --size 128x128         # cells/images/*.png and cells/labels/*.png
  $ sshn evaluate runs/cells-sshn-seed1
  $ sshn pareto runs/cells-sshn-seed1        # CSV, JSON, plots and a report page
  $ sshn predict runs/cells-sshn-seed1 photo.png -o out
  $ sshn export runs/cells-sshn-seed1 --gflops 0.5 -o cells.onnx
  $ sshn serve runs/cells-sshn-seed1 --target-p95 200          # over HTTP
  $ sshn register none a.png b.png --refine 100 -o moved.png   # align two images

Exit codes:
  0    done
  1    the input or the run failed; the last line says why
  2    the command line makes no sense
  130  interrupted with Ctrl-C; nothing is lost, the same command goes on
  143  the same, by SIGTERM`,
};

/**
 * Runs a command line.
 *
 * @param args Without the name of the program.
 * @returns The exit code; see `exitCodes`.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    process.stderr.write(`${explainFailure(error, diagnostics)}\n`);
    return exitCodes.failure;
  }
}

/**
 * The `sshn` command with its subcommands; parsing runs one of them.
 *
 * @param finish Told the exit code of the command that ran.
 */
export function createProgram(finish: (exitCode: number) => void): Command {
  const program = new Command('sshn')
    .description(programHelp.description)
    .version(version, '-V, --version')
    .addHelpText('after', programHelp.examples)
    .configureHelp({ helpWidth: Math.min(process.stdout.columns ?? 100, 110) })
    .showHelpAfterError('Run with --help to see what there is.')
    .configureOutput({ writeErr: (text) => process.stderr.write(printable(text, '\n')) })
    .hook('preAction', (_, command) => refuseEmpty(command))
    .exitOverride();
  for (const add of [
    addTrainCommand,
    addEvaluateCommand,
    addParetoCommand,
    addPredictCommand,
    addExportCommand,
    addInfoCommand,
    addServeCommand,
    addRegisterCommand,
    addWarpCommand,
  ])
    add(program, finish);
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

/** An empty text names nothing: as a folder it would be the current one. It comes from a variable of a script that is not set. */
function refuseEmpty(command: Command): void {
  const options = Object.entries(command.opts<Record<string, unknown>>());
  const flag = options.find(([, value]) => [value].flat().includes(''))?.[0];
  if (flag !== undefined) {
    const { long } = command.options.find((option) => option.attributeName() === flag)!;
    command.error(`error: ${long} is empty`);
  }
  const place = command.args.indexOf('');
  if (place !== -1) command.error(`error: argument '${command.registeredArguments[place]?.name()}' is empty`);
}
