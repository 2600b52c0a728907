import { formatMs } from '../report/format.js';
import { largestDifference, toleranceOf } from '../runner/agreement.js';
import { alternate } from '../runner/alternate.js';
import { summarize, type Timing } from '../runner/statistics.js';
import { networkFor } from '../work/networks.js';
import { trainingWork } from '../work/training-step.js';
import { inferenceWork } from '../work/unet-inference.js';
import type { Tensors, Work } from '../work/work.js';
import { Contestant } from './contestant.js';
import type { ContestantName } from './protocol.js';

/** `?size=64&features=8&turns=3&threads=2&only=wasm` measures something smaller. */
const asked = new URLSearchParams(location.search);
const number = (name: string, usual: number) => Number(asked.get(name) ?? usual);
const [size, features, turns] = [number('size', 256), number('features', 32), number('turns', 11)];
const cores = number('threads', Math.min(navigator.hardwareConcurrency, 8));

/** On one thread and on all: where pages may not share memory, there is one. */
const counts = crossOriginIsolated && cores > 1 ? [1, cores] : [1];
const all: ReadonlyArray<readonly [ContestantName, number]> = [
  ...(['ours, wasm', 'onnxruntime-web, wasm', 'LiteRT, wasm', 'stock tfjs, wasm'] as const).flatMap((name) =>
    counts.map((threads) => [name, threads] as const),
  ),
  ...(['ours, webgl', 'stock tfjs, webgl', 'ours, webgpu', 'stock tfjs, webgpu'] as const).map(
    (name) => [name, 1] as const,
  ),
];

const entries = all.filter(([name]) => name.endsWith(asked.get('only') ?? ''));

const channels = { inChannels: 1, outChannels: 25, features };
const half = size / 2;
const works: readonly Work[] = [
  ...[0.1, 0.25, 0.5].map((factor) =>
    inferenceWork(
      `unet-${factor}`,
      `U-Net, one image of ${size}², φ = ${factor}`,
      [size, size],
      channels,
      factor,
    ),
  ),
  trainingWork('sshn', `SSHN, a step of training, four images of ${half}², φ = 0.25`, {
    ...{ kind: 'training', method: 'sshn', batch: 4, factor: 0.25 },
    network: networkFor([half, half], 0.25, { inChannels: 3, outChannels: 3, features }),
  }),
];

const element = (id: string) => document.getElementById(id)!;
const button = (id: string) => element(id) as HTMLButtonElement;

/** A line of a table. */
interface Line {
  readonly name: string;
  /** Absent of what was not timed, which `note` explains. */
  readonly timing?: Timing;
  readonly note: string;
}

const device = `${navigator.userAgent}. ${navigator.hardwareConcurrency} logical processors. ${
  crossOriginIsolated
    ? 'This page is isolated: wasm may use threads.'
    : 'This page is not cross-origin isolated: wasm has one thread.'
}`;
element('device').textContent = device;
const tables: Array<{ readonly title: string; readonly lines: readonly Line[] }> = [];

button('start').addEventListener('click', () => void measureAll());
button('copy').addEventListener('click', () => void navigator.clipboard.writeText(markdown()));

async function measureAll(): Promise<void> {
  button('start').disabled = true;
  tables.length = 0;
  element('results').replaceChildren();
  tell(0, 'starting');
  const absent = new Map<string, string>();
  const contestants: Contestant[] = [];
  for (const [name, threads] of entries) {
    const started = await Contestant.start(name, threads);
    if ('absent' in started) absent.set(titleOf({ name, threads }), started.absent);
    else contestants.push(started);
  }
  element('absent').textContent = [...absent].map(([name, why]) => `${name}: ${why}`).join('\n');
  try {
    for (const [i, work] of works.entries()) {
      tell(i / works.length, work.title);
      const lines = await measure(work, contestants);
      tables.push({ title: work.title, lines });
      show(work.title, lines);
    }
    tell(1, 'done');
  } catch (error) {
    tell(1, `stopped: ${error instanceof Error ? error.message : error}`);
  } finally {
    for (const contestant of contestants) contestant.close();
    button('start').disabled = false;
    button('copy').disabled = false;
  }
}

/** All compute once; those whose results are the first one's are timed in turn. */
async function measure(work: Work, contestants: readonly Contestant[]): Promise<Line[]> {
  const inputs = work.inputs();
  const notes = new Map<Contestant, string>();
  const agreeing: Contestant[] = [];
  let wanted: Tensors | undefined;
  for (const contestant of contestants) {
    const reply = await contestant.ask({ op: 'prepare', job: work.job, inputs });
    if (reply.kind !== 'prepared') {
      notes.set(contestant, 'reason' in reply ? reply.reason : reply.kind);
      continue;
    }
    wanted ??= reply.outputs;
    const { relative } = largestDifference(reply.outputs, wanted);
    if (relative <= toleranceOf(work.job)) agreeing.push(contestant);
    else notes.set(contestant, `another result: off by ${relative.toExponential(1)} of the largest value`);
  }
  const timings = await alternate(agreeing, {
    repeats: turns,
    turnMs: 20,
    warmUpMs: 500,
    pauseMs: 15,
    mostMs: 8000,
  });
  for (const contestant of contestants) await contestant.ask({ op: 'release' });
  return contestants.map((contestant) => {
    const times = timings[agreeing.indexOf(contestant)];
    return {
      name: titleOf(contestant),
      ...(times === undefined ? {} : { timing: summarize(times) }),
      note: notes.get(contestant) ?? contestant.words,
    };
  });
}

function titleOf({ name, threads }: Pick<Contestant, 'name' | 'threads'>): string {
  if (!name.endsWith('wasm')) return name;
  return `${name}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

/** Name, milliseconds, times as fast as the slowest, and remarks, of each line: the fastest first. */
function cellsOf(lines: readonly Line[]): string[][] {
  const medianOf = ({ timing }: Line) => timing?.median ?? Number.POSITIVE_INFINITY;
  const fastest = Math.min(...lines.map(medianOf));
  return [...lines]
    .sort((a, b) => medianOf(a) - medianOf(b))
    .map((line) => {
      const { timing, name, note } = line;
      if (timing === undefined) return [name, '', '', note];
      const [low, high] = timing.spread;
      const ms = `${formatMs(timing.median)} (${formatMs(low)}–${formatMs(high)})`;
      return [name, ms, `${(timing.median / fastest).toFixed(2)}×`, note];
    });
}

const head = ['', 'ms, median (quartiles)', 'of the fastest', ''];

function show(title: string, lines: readonly Line[]): void {
  const table = document.createElement('table');
  const row = (cells: readonly string[], tag: 'th' | 'td', isOurs = false) => {
    const line = table.insertRow();
    if (isOurs) line.className = 'ours';
    for (const [i, text] of cells.entries()) {
      const cell = document.createElement(tag);
      cell.textContent = text;
      if (i === 1 || i === 2) cell.className = 'number';
      line.append(cell);
    }
  };
  row(head, 'th');
  for (const cells of cellsOf(lines)) row(cells, 'td', cells[0]!.startsWith('ours'));
  const heading = document.createElement('h2');
  heading.textContent = title;
  const scroll = document.createElement('div');
  scroll.className = 'scroll';
  scroll.append(table);
  element('results').append(heading, scroll);
}

function markdown(): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    device,
    ...tables.flatMap(({ title, lines }) => [
      `\n## ${title}\n`,
      line(head),
      line(head.map(() => '---')),
      ...cellsOf(lines).map(line),
    ]),
  ].join('\n');
}

function tell(share: number, text: string): void {
  (element('progress') as HTMLProgressElement).value = share;
  element('status').textContent = text;
}
