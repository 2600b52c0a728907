import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseRunConfig } from '@sshn/training';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgram, runCommandLine } from './command-line.js';
import { configFlags } from './config/flags.js';

let [stdout, stderr] = ['', ''];
beforeEach(() => {
  [stdout, stderr] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

describe('a command line that makes no sense ends with 2 and says why', () => {
  it.each([
    ['train', "error: missing argument 'data'"],
    ['train phantoms --epoch 5', "error: unknown option '--epoch'\n(Did you mean --epochs?)"],
    ['train phantoms --size 100000x100000', 'Expected integers in [1, 65536], separated by commas.'],
    ['train phantoms --epochs ten', 'Expected an integer ≥ 1.'],
    ['train phantoms --method sshm', "Did you mean 'sshn'?"],
    ['train phantoms --factor 0.1 --prior 0,1', 'cannot be used with'],
    ['train phantoms --layout dicom', 'Allowed choices are wbc, generic'],
    ['train --resume run --epochs 3', 'error: --resume goes on with a run as it is'],
    ['train phantoms --resume run', 'error: --resume goes on with a run as it is'],
    ['train --resume run --config a.yaml', 'cannot be used with'],
    ['train phantoms --threads 0', 'Expected an integer in [1, 64].'],
    ['evaluate', "error: missing required argument 'run'"],
    ['evaluate run --factors 0.1,2', 'Expected numbers in [0, 1], separated by commas.'],
    ['evaluate run --json --csv', 'cannot be used with'],
    ['evaluate run --factor 0.3,2', 'Expected a number in [0, 1], or several separated by commas.'],
    ['evaluate run --factor 0.3 --factors 0.1', 'cannot be used with'],
    ['pareto run --grid 1', 'Expected an integer in [2, 101].'],
    ['pareto run --grid 3 --compare other', 'cannot be used with'],
    ['evaluate run --surface -1', 'Expected a number ≥ 0.'],
    ['evaluate run --split all', 'Allowed choices are train, validation, test.'],
    ['pareto run --by 0', 'Expected a number in (0, 1].'],
    ['pareto run --images -1', 'Expected an integer ≥ 0.'],
    ['pareto run one-too-many', 'too many arguments'],
    ['serve', "error: missing required argument 'models'"],
    ['serve run --workers 0', 'Expected an integer in [1, 128].'],
    ['serve run --port 70000', 'Expected an integer in [0, 65535].'],
    ['serve run --target-p95 0', 'Expected a number > 0.'],
    ['trian', "error: unknown command 'trian'\n(Did you mean train?)"],
  ])('sshn %s', async (line, says) => {
    expect(await runCommandLine(line.split(' '))).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(says);
    expect(stderr).toMatch(/^error: .*Run with --help/s);
  });

  it('sshn alone shows the help', async () => {
    expect(await runCommandLine([])).toBe(2);
    expect(stderr).toContain('Usage: sshn');
  });
});

describe('input that cannot be used ends with 1 and one line', () => {
  it.each([
    ['train phantoms:cel', /^error: DATA: got "phantoms:cel", .*Did you mean 'cells'\?\n$/],
    ['train phantoms --config nowhere.yaml', /^error: nowhere\.yaml: no such file or folder\. .*\n$/],
    ['train --resume nowhere', /^error: nowhere: there is no run here.*\n$/],
    ['serve cells --api-key-file nowhere', /^error: nowhere: no such file or folder\. .*\n$/],
    ['serve cells --api-key-file /dev/null', /^error: \/dev\/null: has no API key\. .*\n$/],
    ['pareto run --from 0.5 --to 0.1', /^error: factors: got "0\.5 to 0\.1", .*\n$/],
    ['train phantoms --spacing 1', /^error: --spacing: got 1, expected none for phantoms.*\n$/],
    [
      'train phantoms --config /dev/zero',
      /^error: \/dev\/zero: is a pipe or a device\. Give a regular file\.\n$/,
    ],
    ['pareto run --compare nowhere', /^error: nowhere.*Evaluate that run first: sshn pareto nowhere\n$/],
  ])('sshn %s', async (line, says) => {
    expect(await runCommandLine(line.split(' '))).toBe(1);
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: expect.stringMatching(says) });
  });
});

describe('--help', () => {
  it('teaches: what a command is for, the factor, examples, exit codes', async () => {
    expect(await runCommandLine(['--help'])).toBe(0);
    for (const text of [
      'rescaling factor φ',
      'train',
      'evaluate',
      'pareto',
      'Examples:',
      'Exit codes:',
      '130',
    ]) {
      expect(stdout).toContain(text);
    }
    expect(stderr).toBe('');
  });

  it('lists every flag of the configuration with its default', async () => {
    expect(await runCommandLine(['train', '--help'])).toBe(0);
    for (const { name } of configFlags) expect(stdout).toMatch(new RegExp(`^ +--${name} `, 'm'));
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      `peak learning rate; a number > 0 (default: ${parseRunConfig({}, 'test').optimizer.learningRate})`,
    );
    expect(stdout).toMatch(/^Optimizer:$/m);
  });

  it.each(['evaluate', 'pareto'])('shows examples of sshn %s', async (command) => {
    expect(await runCommandLine([command, '--help'])).toBe(0);
    expect(stdout).toContain(`  $ sshn ${command} runs/cells`);
    expect(stdout).toContain('rescaling factor φ');
  });

  it('says the version', async () => {
    expect(await runCommandLine(['--version'])).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a command is loaded when it is asked for', () => {
  it('and the program lists it as it is, loaded or not', async () => {
    const [bare, whole] = [await createProgram(() => undefined, []), await createProgram(() => undefined)];
    expect(bare.helpInformation()).toBe(whole.helpInformation());
    expect(whole.commands.map((command) => command.name())).toContain('serve');
  });

  it.each(['train --help', 'help train', 'train -h'])('sshn %s shows its help', async (line) => {
    expect(await runCommandLine(line.split(' '))).toBe(0);
    expect(stdout).toContain('--epochs');
  });

  it('before which neither tfjs nor any other command is', () => {
    const source = new URL('./command-line.ts', import.meta.url);
    // What tfjs keeps its engine in.
    const script = `await import(${JSON.stringify(source.href)}); console.log(globalThis._tfengine === undefined);`;
    const { stdout: out } = spawnSync(
      process.execPath,
      ['--conditions=@sshn/source', '--import', 'tsx', '--input-type=module', '-e', script],
      { encoding: 'utf8', cwd: fileURLToPath(new URL('..', import.meta.url)) },
    );
    expect(out.trim()).toBe('true');
  });
});
