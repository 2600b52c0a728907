import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NumberType, OptionLeaf } from '@sshn/core';
import { parseRunConfig, priorOf } from '@sshn/training';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../command-line.js';
import type { FlagValue } from './file.js';
import { addConfigOptions, configFlags, configWords, effectiveConfig } from './flags.js';

/** The configuration that a command line makes. */
async function configOf(args: readonly string[], file?: string) {
  const settings: FlagValue[] = [];
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addConfigOptions(command, settings);
  command.parse([...args], { from: 'user' });
  return effectiveConfig(file, settings);
}

/** A text for a word that is not its default. */
function otherText({ path, option: { type, default: standard } }: OptionLeaf): string {
  if (path.join('.') === 'data.spacingMm') return '1.5';
  if (type.kind === 'list')
    return type.item.kind === 'number'
      ? `${otherNumber(type.item, 0)},7`.replace('0.5,7', path[0] === 'knobs' ? '0.25,1' : '0.25,0.5')
      : type.item.words[0]!;
  if (type.kind === 'choice') return type.words.find((one) => one !== standard) ?? type.words[0]!;
  if (type.kind === 'number') return String(otherNumber(type, standard));
  if (type.kind === 'text') return 'subject-03';
  throw new Error(`no text for ${type.kind}`);
}

function otherNumber({ integer, most, below }: NumberType, standard: unknown): number {
  const candidates = integer ? [5, 7] : most !== undefined || below !== undefined ? [0.5, 0.25] : [0.5, 2];
  return candidates.find((one) => one !== standard)!;
}

const valueAt = (tree: unknown, path: readonly string[]): unknown =>
  path.reduce((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], tree);

describe('flags of the configuration', () => {
  it('belong to every word, whose default is that of the configuration', () => {
    const config = parseRunConfig({ patches: { size: [8, 8] } }, 'test');
    for (const { path, option } of configWords) {
      // Without it there are no patches.
      if (path.join('.') === 'patches.size') continue;
      expect(valueAt(config, path), path.join('.')).toEqual(option.default);
    }
  });

  // Each needs the other: one cannot come alone.
  const elastic = ['--augment-elastic-strength', '1', '--augment-elastic-spacing', '8'];
  // Words that mean something only beside another: of one architecture alone, or of slices.
  const companions: Readonly<Record<string, readonly string[]>> = {
    'architecture.pyramidFeatures': ['--architecture', 'fpn'],
    'architecture.bins': ['--architecture', 'pspnet'],
    'architecture.excitation': ['--architecture', 'senet'],
    'architecture.ratio': ['--architecture', 'senet'],
    'loss.labelSmoothing': ['--loss', 'crossEntropy'],
    'loss.gamma': ['--loss', 'focalTversky'],
    'loss.alpha': ['--loss', 'tversky'],
    'loss.beta': ['--loss', 'tversky'],
    'data.sliceRange': ['--slices', 'axial'],
    'patches.perImage': ['--patch-size', '8x8'],
    'patches.foreground': ['--patch-size', '8x8'],
    'data.sliceStep': ['--slices', 'axial'],
    'knobs.distillation': ['--width-range', '0.25,1', '--also-largest'],
    drawsPerStep: ['--batch-size', '8'],
    'registration.lambdaDistribution': ['--task', 'registration', '--lambda-range', '0.1,1'],
    'registration.lambdaEndpoints': ['--task', 'registration', '--lambda-range', '0,1'],
    'registration.bidirectional': ['--task', 'registration', '--integration-steps', '7'],
    'registration.window': ['--task', 'registration', '--similarity', 'localNcc'],
  };
  const companionsOf = ({ path }: OptionLeaf): readonly string[] =>
    companions[path.join('.')] ?? (path[0] === 'registration' ? ['--task', 'registration'] : []);
  const single = configFlags.filter(
    ({ word }) => word.path[1] !== 'elastic' && word.option.type.kind !== 'boolean',
  );

  it.each(single.map((flag) => [flag.name, flag.word] as const))('--%s sets its word', async (name, word) => {
    const text = otherText(word);
    const config = await configOf([`--${name}`, text, ...companionsOf(word)]);
    const without = parseRunConfig({}, 'test');
    const isOnlyWord = word.option.type.kind === 'choice' && word.option.type.words.length === 1;
    if (!isOnlyWord) expect(config).not.toEqual(without);
    const value = valueAt(config, word.path);
    expect([value].flat().map(String)).toEqual(text.split(','));
  });

  it.each([
    ['--deep-supervision', true],
    ['--no-deep-supervision', false],
  ])('%s sets a word that is true or false', async (flag, value) => {
    expect((await configOf([flag])).architecture.deepSupervision).toBe(value);
    expect((await configOf([])).architecture.deepSupervision).toBeUndefined();
  });

  it('refuses options that the architecture has not', async () => {
    await expect(configOf(['--ratio', '0.5'])).rejects.toThrow(
      /^command line: --ratio: unet has no such option; it has .*--kernel-size/,
    );
  });

  it.each([
    [
      ['--loss', 'lovasz', '--loss-gamma', '2'],
      /^command line: --loss-gamma: lovasz has no such option; it has .*--loss-ignore-label/,
    ],
    [['--weight', '3'], /^command line: --weight: .*--task registration/],
    [['--method', 'fixed', '--prior', '0,1'], /^command line: --factor or --prior: .*give --factor\.$/],
    [
      ['--stages', '3', '--features', '4,8'],
      /^command line: --features: .*Leave --stages out where --features is a list\.$/,
    ],
    [['--kernel-size', '2'], /'--kernel-size <numbers>' argument '2' is invalid\. Expected an odd integer/],
    [
      ['--task', 'registration', '--loss-gamma', '2', '--loss', 'focal'],
      /--loss-gamma: is for segmentation: registration has --similarity/,
    ],
    [
      ['--task', 'registration', '--weight', '3', '--lambda-range', '0,1'],
      /^command line: --weight: is fixed, and --lambda-range/,
    ],
  ])('names flags, not keys, where %j is wrong', async (args, message) => {
    await expect(configOf(args)).rejects.toThrow(message);
  });

  it('sets elastic displacements with two flags', async () => {
    expect((await configOf(elastic)).augmentation.elastic).toEqual({ strength: 1, spacing: 8 });
    await expect(configOf(elastic.slice(0, 2))).rejects.toThrow(
      /^command line: --augment-elastic-spacing: is missing\.$/,
    );
  });

  it('sets the prior and the intensity', async () => {
    expect((await configOf(['--factor', '0.25'])).prior).toEqual({ kind: 'constant', factor: 0.25 });
    expect((await configOf(['--prior', '0,1'])).prior).toEqual({ kind: 'uniform', low: 0, high: 1 });
    expect((await configOf(['--intensity', 'minMax'])).intensity).toEqual({ kind: 'minMax' });
  });

  const [width, resolution, drawn] = [[0.25, 1], [0.5, 1], { kind: 'uniform', low: 0, high: 0.5 }];
  it.each([
    ['factor,width,resolution', { widthRange: width, resolutionRange: resolution }, undefined],
    ['factor', {}, undefined],
    ['width', { widthRange: width }, { kind: 'constant', factor: 0.5 }],
    ['resolution,width --factor 0.3', { widthRange: width, resolutionRange: resolution }, { factor: 0.3 }],
    ['factor,width --width-range 0.5,1', { widthRange: [0.5, 1] }, undefined],
    ['factor,resolution --resolution-range 0.25,1', { resolutionRange: [0.25, 1] }, undefined],
    ['factor,width --prior 0,0.5', { widthRange: width }, drawn],
    ['width --method fixed', { widthRange: width }, undefined],
  ])('--knobs %s', async (line, knobs, prior) => {
    for (const args of [
      ['--knobs', ...line.split(' ')],
      [...line.split(' ').slice(1), '--knobs', line.split(' ')[0]!],
    ]) {
      const config = await configOf(args);
      expect(config.knobs).toEqual({ knobEndpoints: 0.5, ...knobs });
      if (prior === undefined)
        expect(priorOf(config)).toEqual(
          priorOf(await configOf(args.includes('fixed') ? ['--method', 'fixed'] : [])),
        );
      else expect(config.prior).toMatchObject(prior);
    }
  });

  it.each([
    [
      'factor --width-range 0.5,1',
      '--width-range: is the range of a knob that --knobs leaves out: list width there',
    ],
    ['width --resolution-range 0.5,1', '--resolution-range: is the range of a knob that --knobs leaves out'],
    ['width --prior 0,1', '--prior: draws the factor, which --knobs leaves out'],
    ['factor --factor 0.2', '--factor: is one factor for all of training, and --knobs lists factor'],
    ['factor --method fixed', '--knobs: lists factor, and method fixed trains at one factor'],
    ['resolution --input-resolution 0.5', '--input-resolution: is fixed, and --resolution-range draws it'],
    [
      'factor,widht',
      "Expected 'factor', 'width' or 'resolution', separated by commas. Did you mean 'width'?",
    ],
    ['all', "Expected 'factor', 'width' or 'resolution', separated by commas."],
  ])('--knobs %s is refused', async (line, message) => {
    await expect(configOf(['--knobs', ...line.split(' ')])).rejects.toThrow(message);
  });

  it('--knobs overrides the file, whose ranges of the knobs that it lists stay', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sshn-knobs-'));
    const file = join(folder, 'knobs.yaml');
    try {
      await writeFile(
        file,
        'knobs: { widthRange: [0.5, 1], resolutionRange: [0.75, 1] }\nprior: { kind: uniform, low: 0.1, high: 0.4 }\n',
      );
      const both = await configOf(['--knobs', 'factor,width'], file);
      expect(both.knobs).toEqual({ knobEndpoints: 0.5, widthRange: [0.5, 1] });
      expect(both.prior).toEqual({ kind: 'uniform', low: 0.1, high: 0.4 });
      expect((await configOf(['--knobs', 'resolution'], file)).prior).toEqual({
        kind: 'constant',
        factor: 0.4,
      });
      await writeFile(file, 'prior: { kind: constant, factor: 0.2 }\n');
      expect((await configOf(['--knobs', 'factor'], file)).prior).toBeUndefined();
      expect((await configOf(['--knobs', 'width'], file)).prior).toEqual({ kind: 'constant', factor: 0.2 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('takes separate factors for a separate rescaling', async () => {
    const config = await configOf(['--factor', '0.3,0.4,0.5', '--method', 'fixed']);
    expect(config).toMatchObject({
      rescaling: 'separate',
      prior: { kind: 'constant', factor: [0.3, 0.4, 0.5] },
    });
    expect((await configOf(['--factor', '0.3'])).rescaling).toBe('common');
  });

  it.each([
    [['--split', '60/20/20'], { kind: 'shares', train: 60, validation: 20, test: 20 }],
    [['--split', '/x/splits.JSON'], { kind: 'file', path: '/x/splits.JSON' }],
    [['--split', '/x/s.json', '--fold', '2'], { kind: 'file', path: '/x/s.json', fold: 2 }],
    [['--fold', '2', '--split', '/x/s.json'], { kind: 'file', path: '/x/s.json', fold: 2 }],
    [['--fold', '2', '--folds', '5'], { kind: 'folds', count: 5, fold: 2 }],
  ])('%j choose the split', async (args, split) => {
    expect((await configOf(args)).split).toEqual(split);
  });

  it.each([
    [['--split', '60/20'], 'or a .json file of ids'],
    [['--split', 'a.json', '--folds', '5'], 'cannot be used with'],
    [['--split', '60/20/20', '--fold', '2'], 'fold'],
    [['--fold', '2'], 'split'],
    [['--folds', '2', '--fold', '3'], 'is 3 of 2'],
  ])('%j choose none', async (args, message) => {
    await expect(configOf(args)).rejects.toThrow(message);
  });

  it('has names of their own, in kebab case', () => {
    const names = configFlags.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    expect(names).toEqual(
      expect.arrayContaining(['method', 'epochs', 'batch-size', 'size', 'features', 'seed', 'learning-rate']),
    );
  });

  it('refuses both a factor and a prior', async () => {
    await expect(configOf(['--factor', '0.2', '--prior', '0,1'])).rejects.toMatchObject({
      code: 'commander.conflictingOption',
    });
  });
});

const program = await createProgram(() => undefined);
const repository = new URL('../../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, repository), 'utf8');

/** Commands as they are shown to people: with continued lines joined, without comments and what lies behind a pipe. */
function commandsIn(text: string): string[] {
  const joined = text.replaceAll(/\\\n\s*/g, ' ');
  return [
    ...joined.matchAll(/(?:\$|npx|pnpm@\S+|^) ?sshn ((?:train|evaluate|pareto|register|warp) [^\n`#|]*)/gm),
  ].map((found) => found[1]!);
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

const sources: Array<readonly [string, string]> = [
  ['README.md', read('README.md')],
  ['packages/cli/README.md', read('packages/cli/README.md')],
  ...readdirSync(new URL('experiments', repository), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => [`experiments/${name}/README.md`, read(`experiments/${name}/README.md`)] as const),
  ...[program, ...program.commands].map((one) => [`${one.name()} --help`, helpOf(one)] as const),
];
const shown = sources.flatMap(([source, text]) => commandsIn(text).map((line) => [source, line] as const));

describe('commands that the documentation shows', () => {
  it('are found', () => {
    expect(shown.length).toBeGreaterThan(20);
  });

  it.each(shown)('%s: sshn %s has flags that there are', (_, line) => {
    const name = line.split(' ')[0];
    const command = program.commands.find((one) => one.name() === name)!;
    const known = command.options.map(({ long }) => long);
    const flags = [...line.matchAll(/(?<=\s)--[\w-]+/g)].map(([flag]) => flag);
    for (const flag of flags) expect([...known, '--help']).toContain(flag);
  });
});
