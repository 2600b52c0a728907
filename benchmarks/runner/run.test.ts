import { afterAll, beforeAll, expect, test } from 'vitest';
import { cpuRoster, ourName } from '../peers/index.js';
import { architectureWork } from '../work/architectures.js';
import { convolutionWork } from '../work/convolutions.js';
import { networkFor } from '../work/networks.js';
import { trainingWork } from '../work/training-step.js';
import { inferenceWork } from '../work/unet-inference.js';
import { toleranceOf } from './agreement.js';
import type { Outcome } from './outcome.js';
import { run } from './run.js';
import { startTeam, type Team } from './team.js';

const compared = ['stock tfjs wasm', 'onnxruntime-web', 'onnxruntime-node', 'PyTorch', 'OpenCV'] as const;
const channels = { inChannels: 2, outChannels: 3, features: 8 };
const works = [
  convolutionWork([2, 9, 3, 5, 7], 'forward', 'forward', 'forward'),
  convolutionWork([2, 9, 3, 5, 7], 'gradientToInput', 'to-input', 'gradient to the input'),
  convolutionWork([2, 9, 3, 5, 7], 'gradientToKernel', 'to-kernel', 'gradient to the kernel'),
  inferenceWork('planar', 'a small U-Net', [21, 17], channels, 0.5),
  inferenceWork('spatial', 'a small 3D U-Net', [9, 8, 7], channels, 0.5),
  ...(['fpn', 'pspnet', 'senet'] as const).map((architecture) =>
    architectureWork(`architecture-${architecture}`, architecture, {
      ...{ kind: 'architecture', architecture, size: [37, 32], factor: 0.4 },
      ...{ inChannels: 1, outChannels: 2, features: 4 },
    }),
  ),
  ...(['fixed', 'sshn'] as const).map((method) =>
    trainingWork(`train-${method}`, `${method} step`, {
      kind: 'training',
      method,
      network: networkFor([16, 16], 0.25, channels),
      batch: 2,
      factor: 0.25,
    }),
  ),
];

const networks = ['fpn', 'pspnet', 'senet'];

/** Who does what, where installed. */
const means: Readonly<Record<(typeof compared)[number], readonly string[]>> = {
  'stock tfjs wasm': ['forward', 'to-input', 'planar', 'spatial'],
  'onnxruntime-web': ['forward', 'planar', 'spatial', ...networks],
  'onnxruntime-node': ['forward', 'planar', 'spatial', ...networks],
  PyTorch: [
    'forward',
    'to-input',
    'to-kernel',
    'planar',
    'spatial',
    'train-fixed',
    'train-sshn',
    ...networks,
  ],
  // It does not read the products of PSPNet's pooling.
  OpenCV: ['planar', 'fpn', 'senet'],
};

let team: Team;
let outcome: Outcome;

beforeAll(async () => {
  team = await startTeam([1], cpuRoster);
  outcome = await run(works, team, { repeats: 2, turnMs: 1, warmUpMs: 0, pauseMs: 0, mostMs: 1000 });
});
afterAll(() => team.close());

test('ours does all work, and no result differs', () => {
  expect([...outcome.absent.keys()].filter((name) => name.startsWith(ourName))).toEqual([]);
  for (const { work, measurement } of outcome.results) {
    expect(measurement.wrong, work.name).toEqual(new Map());
    expect(measurement.rows.length, work.name).toBeGreaterThan(0);
    for (const { oursMs, peerMs, ratio } of measurement.rows) {
      expect(oursMs).toBeGreaterThan(0);
      if (peerMs !== null) expect(ratio).toBeCloseTo(peerMs / oursMs, 10);
    }
  }
});

test.for(compared)('%s does all that it has means for', (name, { skip }) => {
  const reason = [...outcome.absent].find(([peer]) => peer.startsWith(name))?.[1];
  skip(reason !== undefined, `${name} is absent: ${reason}`);
  for (const { work, measurement } of outcome.results) {
    const isAble = means[name].some((ending) => work.name.endsWith(ending));
    const doesIt = measurement.rows.some(({ peer }) => peer === name);
    expect(doesIt, work.name).toBe(isAble);
    expect(measurement.unsupported.has(name), work.name).toBe(!isAble);
    if (isAble) expect(measurement.differences.get(name), work.name).toBeLessThan(toleranceOf(work.job));
  }
});
