import { Command, CommanderError } from 'commander';
import description from '../package.json' with { type: 'json' };
import { exitCodes, programHelp } from './program-help.js';
import { printable } from './terminal/text.js';

type AddCommand = (program: Command, finish: (exitCode: number) => void) => void;

/**
 * The commands: as the help of the program lists them, and where they are. A command is loaded when it is asked for, as all of
 * them take a second; a test compares what is listed with what they are.
 */
const commands: ReadonlyArray<{
  readonly name: string;
  /** Empty for a command that has commands of its own. */
  readonly operands: string;
  readonly summary: string;
  readonly load: () => Promise<AddCommand>;
}> = [
  {
    name: 'train',
    operands: '[data]',
    summary: 'train a network on images and their labels',
    load: async () => (await import('./commands/train.js')).addTrainCommand,
  },
  {
    name: 'evaluate',
    operands: '<run...>',
    summary: 'measure a trained network at some rescaling factors',
    load: async () => (await import('./commands/evaluate.js')).addEvaluateCommand,
  },
  {
    name: 'pareto',
    operands: '<run>',
    summary: 'draw the accuracy-cost curve of a trained network',
    load: async () => (await import('./commands/pareto.js')).addParetoCommand,
  },
  {
    name: 'predict',
    operands: '<model> <paths...>',
    summary: 'segment images with a trained model',
    load: async () => (await import('./commands/predict.js')).addPredictCommand,
  },
  {
    name: 'export',
    operands: '<model>',
    summary: 'write the plain network of one setting to a file',
    load: async () => (await import('./commands/export.js')).addExportCommand,
  },
  {
    name: 'import',
    operands: '<weights>',
    summary: 'make a model of weights of PyTorch',
    load: async () => (await import('./commands/import.js')).addImportCommand,
  },
  {
    name: 'info',
    operands: '<model>',
    summary: 'tell what a model is, expects and costs',
    load: async () => (await import('./commands/info.js')).addInfoCommand,
  },
  {
    name: 'serve',
    operands: '<models...>',
    summary: 'serve trained models over HTTP',
    load: async () => (await import('./commands/serve.js')).addServeCommand,
  },
  {
    name: 'register',
    operands: '<model> <moving> <fixed>',
    summary: 'align an image with another, by a trained network or without one',
    load: async () => (await import('./commands/register.js')).addRegisterCommand,
  },
  {
    name: 'warp',
    operands: '<moving>',
    summary: 'move an image by a field of sshn register',
    load: async () => (await import('./commands/warp.js')).addWarpCommand,
  },
  {
    name: 'data',
    operands: '[name] [folder]',
    summary: 'prepare a dataset of the paper',
    load: async () => (await import('./commands/data.js')).addDataCommand,
  },
  {
    name: 'analyze',
    operands: '<model> [image]',
    summary: 'draw how weights and features change with the rescaling factor',
    load: async () => (await import('./commands/analyze.js')).addAnalyzeCommand,
  },
  {
    name: 'experiment',
    operands: '',
    summary: 'train, evaluate and compare a grid of configurations',
    load: async () => (await import('./commands/experiment.js')).addExperimentCommand,
  },
];

/**
 * Runs a command line.
 *
 * @param args Without the name of the program.
 * @returns The exit code; see `exitCodes`.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  // `sshn help train` shows the help of train.
  const word = args.find((arg) => !arg.startsWith('-') && arg !== 'help');
  const program = await createProgram(
    (code) => {
      exitCode = code;
    },
    commands.some(({ name }) => name === word) ? [word!] : [],
  );
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const [{ explainFailure }, { diagnostics }] = await Promise.all([
      import('./process/exit.js'),
      import('./process/environment.js'),
    ]);
    process.stderr.write(`${explainFailure(error, diagnostics)}\n`);
    return exitCodes.failure;
  }
}

/**
 * The `sshn` command with its subcommands; parsing runs one of them.
 *
 * @param finish Told the exit code of the command that ran.
 * @param loaded Names of the commands that can run; the others are only listed. @default all
 */
export async function createProgram(
  finish: (exitCode: number) => void,
  loaded: readonly string[] = commands.map(({ name }) => name),
): Promise<Command> {
  const program = new Command('sshn')
    .description(programHelp.description)
    .version(description.version, '-V, --version')
    .addHelpText('after', programHelp.examples)
    .configureHelp({ helpWidth: Math.min(process.stdout.columns ?? 100, 110) })
    .showHelpAfterError('Run with --help to see what there is.')
    .configureOutput({ writeErr: (text) => process.stderr.write(printable(text, '\n')) })
    .hook('preAction', (_, command) => refuseEmpty(command))
    .exitOverride();
  for (const { name, operands, summary, load } of commands) {
    if (loaded.includes(name)) (await load())(program, finish);
    else if (operands === '') program.command(name).summary(summary);
    else program.command(name).summary(summary).arguments(operands).option('--any');
  }
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
