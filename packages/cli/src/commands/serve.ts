import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { FileError } from '@sshn/core';
import type { ServedModel, ServeOptions } from '@sshn/serve';
import { type Command, Option } from 'commander';
import { listenForInterruption } from '../process/exit.js';
import { exitCodes, factorHelp } from '../program-help.js';
import { modelSource } from '../run/model-source.js';
import { terminalOn } from '../terminal/terminal.js';
import { factorType, grouped, readerOf } from './options.js';

const serveHelp = {
  description: `Serve trained models over HTTP: POST an image to /predict, get its label map; POST two to /register, get one aligned with the other.

MODELS are run folders of \`sshn train\`, model files, or names of included models (cells, ultrasound, volumes, registration). Requests use their names: that of the folder or file, or NAME in NAME=PATH. \
Images (PNG, JPEG, TIFF, BMP, NIfTI, NRRD, npz, DICOM) are known by their content. Answers are PNG, nii.gz, nrrd, DICOM \
segmentations or JSON; of registration the moved image, the displacement field, or JSON.

Also there: /models, /pareto (accuracy and cost by factor), /healthz, /readyz, /metrics (Prometheus), /openapi.json.

${factorHelp} Each request may name its factor or a budget. For the others, --target-p95 lowers it while load makes answers slow, and \
raises it again.

Each worker is a process with all models in its memory. One that dies is replaced, and its request is done by another. \
SIGTERM and Ctrl-C: requests in flight are finished, then the exit code is 0; a second signal ends it at once.

API keys are read from a file with a key on each line (--api-key-file), or from the variable SSHN_API_KEY.`,
  examples: `
Examples:
  $ sshn serve runs/cells
  $ curl --data-binary @photo.png "localhost:8080/predict?factor=0.25" -o labels.png
  $ curl -F image=@scan.nii.gz -F format=json localhost:8080/predict
  $ curl -F moving=@a.nii.gz -F fixed=@b.nii.gz localhost:8080/register -o moved.nii.gz
  $ sshn serve cells=runs/a brains=runs/b --target-p95 200 --min-dice 0.9
  $ SSHN_API_KEY=$(openssl rand -hex 32) sshn serve runs/cells --host 0.0.0.0`,
};

interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly workers?: number;
  readonly threads: number;
  readonly queue: number;
  readonly targetP95?: number;
  readonly minDice?: number;
  readonly apiKeyFile?: string;
  readonly bodyLimit: number;
  readonly timeout: number;
  readonly log: NonNullable<ServeOptions['logLevel']>;
}

const positive = { kind: 'number', above: 0 } as const;
const count = (most: number) => ({ kind: 'number', integer: true, least: 1, most }) as const;

/** `sshn serve`: a service that segments and aligns images. */
export function addServeCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('serve')
    .summary('serve trained models over HTTP')
    .description(serveHelp.description)
    .argument('<models...>', 'run folders, model files or included models, also as NAME=PATH');
  const add = (
    heading: string,
    flag: string,
    text: string,
    read: (text: string) => unknown,
    usual?: unknown,
  ) => command.addOption(grouped(heading, new Option(flag, text).argParser(read).default(usual)));
  const network = 'Network';
  command.addOption(
    grouped(
      network,
      new Option(
        '--host <address>',
        'address to listen on; 0.0.0.0 lets other machines in, which calls for API keys',
      ).default('127.0.0.1'),
    ),
  );
  add(
    network,
    '--port <number>',
    'port; 0 takes any that is free',
    readerOf({ kind: 'number', integer: true, least: 0, most: 65535 }),
    8080,
  );
  command.addOption(
    grouped(network, new Option('--api-key-file <path>', 'file with an API key on each line')),
  );
  const capacity = 'Capacity';
  add(
    capacity,
    '--workers <number>',
    'processes that predict (default: one per core, 8 at most)',
    readerOf(count(128)),
  );
  add(
    capacity,
    '--threads <number>',
    'threads of each process; more than 1 is faster for few large images',
    readerOf(count(128)),
    1,
  );
  add(capacity, '--queue <number>', 'requests that wait at most; more get 503', readerOf(count(100_000)), 64);
  add(capacity, '--body-limit <MiB>', 'size of a request at most', readerOf(count(1024)), 64);
  add(
    capacity,
    '--timeout <seconds>',
    'that a prediction takes at most, waiting included',
    readerOf(positive),
    30,
  );
  const accuracy = 'Accuracy and cost';
  add(
    accuracy,
    '--target-p95 <milliseconds>',
    'what 95 of 100 requests are to take at most: the factor is lowered under load to hold it',
    readerOf(positive),
  );
  add(
    accuracy,
    '--min-dice <number>',
    'no factor below this Dice for it, by the table of sshn pareto',
    readerOf(factorType),
  );
  command.addOption(
    new Option('--log <level>', 'lines of JSON on standard error; info has one for each request')
      .choices(['silent', 'error', 'warn', 'info'])
      .default('warn'),
  );
  command.addHelpText('after', serveHelp.examples);
  command.action(async (models: string[], flags: ServeFlags) => finish(await run(models, flags)));
}

async function run(words: readonly string[], flags: ServeFlags): Promise<number> {
  const terminal = terminalOn(process.stderr);
  const models = await Promise.all(
    words.map(modelOf).map(async ({ name, path }) => ({ name, path: await modelSource(path) })),
  );
  const apiKeys = await keysOf(flags.apiKeyFile);
  const { host, port, workers, threads, queue, targetP95, minDice, bodyLimit, timeout, log } = flags;
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('finishing the requests in flight; a second signal ends at once');
  });
  try {
    terminal.live('opening the models');
    // Others need not wait for the packages of a server.
    const { serve } = await import('@sshn/serve');
    const service = await serve({
      ...{ models, host, port, threads, queue, apiKeys, logLevel: log },
      ...(workers === undefined ? {} : { workers }),
      ...(targetP95 === undefined ? {} : { targetP95 }),
      ...(minDice === undefined ? {} : { minDice }),
      bodyBytes: bodyLimit * 2 ** 20,
      timeoutMs: Math.max(1, Math.round(timeout * 1000)),
    });
    terminal.clear();
    const names = models.map(({ name }) => name).join(', ');
    terminal.line(
      `serving ${names} at ${service.address}${apiKeys.length > 0 ? ', for those with a key' : ''}`,
    );
    if (apiKeys.length === 0 && !['127.0.0.1', '::1', 'localhost'].includes(host))
      terminal.line(
        'warning: anyone who reaches this address can use it. Give --api-key-file or SSHN_API_KEY',
      );
    if (!interruption.signal.aborted)
      await new Promise<void>((end) => interruption.signal.addEventListener('abort', () => end()));
    await service.close();
    return exitCodes.ok;
  } finally {
    terminal.clear();
    interruption.dispose();
  }
}

/** `NAME=PATH`, or a path whose last part is the name. */
function modelOf(word: string): ServedModel {
  const [, name, path] = /^([\w.-]+)=(.+)$/s.exec(word) ?? [];
  if (name !== undefined && path !== undefined) return { name, path };
  const last = basename(resolve(word)).replace(/\.safetensors$/i, '');
  return { name: last.replace(/[^\w.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'model', path: word };
}

/** @throws {FileError} if the file has no key. */
async function keysOf(path: string | undefined): Promise<readonly string[]> {
  const given = process.env.SSHN_API_KEY;
  const lines =
    path === undefined ? [] : (await readFile(path, 'utf8')).split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (path !== undefined && keys.length === 0) {
    throw new FileError({
      path,
      problem: 'has no API key',
      remedy: 'Put one on each line, such as `openssl rand -hex 32` makes.',
    });
  }
  return given === undefined || given === '' ? keys : [...keys, given];
}
