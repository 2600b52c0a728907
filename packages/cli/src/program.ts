import { Command } from 'commander';
import { addEvaluateCommand } from './commands/evaluate.js';
import { programHelp } from './commands/help.js';
import { addParetoCommand } from './commands/pareto.js';
import { addRegisterCommand } from './commands/register.js';
import { addTrainCommand } from './commands/train.js';
import { addWarpCommand } from './commands/warp.js';
import { version } from './process/version.js';

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
    .exitOverride();
  for (const add of [
    addTrainCommand,
    addEvaluateCommand,
    addParetoCommand,
    addRegisterCommand,
    addWarpCommand,
  ])
    add(program, finish);
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}
