/** Every layer in a trace, forward and backward, against the same layer computed. */
import { initialize, type Module, namedParams, namedSpecs, type ParamNode, Rng, setting } from '@sshn/core';
import * as layers from '@sshn/layers';
import { registerGradients, valueAndGradients } from '@sshn/ops';
import { backends, useBackend } from '@sshn-internal/testing';
import { grads, type Scalar, sum, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { trace } from '../index.js';

const up = layers.upsample({ method: 'nearest' });
const nearest: Module = { specs: {}, apply: (_, x, at) => up.apply({}, { x, size: [9, 5] }, at) };

const image = [2, 7, 6, 4];
const volume = [1, 5, 4, 6, 4];
const cases: ReadonlyArray<readonly [name: string, layer: Module, shape: readonly number[]]> = [
  ...layers.activationKinds.map(
    (kind) => [`activation ${kind}`, layers.activation({ kind }) as Module, image] as const,
  ),
  ['prelu', layers.prelu({ channels: 4 }) as Module, image],
  ['groupNormalization', layers.groupNormalization({ channels: 4, groups: 2 }) as Module, image],
  ['instanceNormalization', layers.instanceNormalization({ rank: 3, channels: 4 }) as Module, volume],
  ...(['channel', 'spatial', 'concurrent'] as const).map(
    (kind) =>
      [
        `squeezeExcitation ${kind}`,
        layers.squeezeExcitation({ channels: 4, kind }) as unknown as Module,
        image,
      ] as const,
  ),
  ['pyramidPooling', layers.pyramidPooling({ inChannels: 4 }) as Module, image],
  ['pyramidPooling 3D', layers.pyramidPooling({ rank: 3, inChannels: 4 }) as Module, volume],
  ['adaptiveAveragePool', layers.adaptiveAveragePool({ size: 3 }) as Module, image],
  ['globalAveragePool', layers.globalAveragePool() as Module, volume],
  ['dropout', layers.dropout({ rate: 0.5 }) as Module, image],
  ['maximumPooling', layers.maximumPooling({ step: 0 }) as Module, image],
  ['averagePooling', layers.averagePooling({ step: 0 }) as Module, volume],
  [
    'stridedConvolution',
    layers.stridedConvolution({ step: 0, inChannels: 4, outChannels: 3 }) as Module,
    image,
  ],
  ['upsample nearest', nearest, image],
];

/** The output, and the gradients to the input and to the parameters. */
function run(layer: Module, params: ParamNode, x: Tensor, factor: number): Tensor[] {
  const at = setting(factor);
  const [dx] = grads((input: Tensor) => sum(layer.apply(params, input, at)))([x]);
  if (namedSpecs(layer.specs).length === 0) return [layer.apply(params, x, at), dx!];
  const { gradients } = valueAndGradients(params, (p) => sum(layer.apply(p, x, at)) as Scalar);
  return [layer.apply(params, x, at), dx!, ...namedParams(gradients).values()];
}

describe.each(backends)('the shapes are those on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test.each(cases)('%s', (name, layer, shape) => {
    for (const factor of [0.5, 0.4]) {
      const computed = tidy(() => {
        const params: ParamNode = initialize(layer.specs, Rng.fromSeed(1));
        return run(layer, params, zeros([...shape]), factor).map((y) => y.shape);
      });
      const { outputs, graph } = trace(
        (params, x) => run(layer, params as ParamNode, x as Tensor, factor),
        [layer.specs, { shape: [...shape] }],
      );
      expect(outputs.map((y) => y.shape)).toEqual(computed);
      expect(computed).toHaveLength(2 + namedSpecs(layer.specs).length);
      expect(graph.nodes.length > 0 || ['activation identity', 'dropout'].includes(name)).toBe(true);
    }
  });
});

test('inference sees dropout as nothing at all', () => {
  const layer = layers.dropout({ rate: 0.5 });
  const { graph } = trace((x: Tensor) => layer.apply({}, x, setting(0.5)), [{ shape: image }]);
  expect(graph.nodes).toEqual([]);
});
