import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namedSpecs } from '@sshn/core';
import { networkOf } from '@sshn/model';
import { Segmenter } from '@sshn/predict';
import { openModel } from '@sshn/predict/node';
import { python, pythonHas, useBackend } from '@sshn-internal/testing';
import { dispose, tensor, transpose } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCommandLine } from '../command-line.js';

const hasTorch = pythonHas('torch');

let folder: string;
let stderr = '';
const at = (name: string): string => join(folder, name);
const sshn = (line: string): Promise<number> => {
  stderr = '';
  return runCommandLine(line.split(' ').map((word) => word.replace('@', `${folder}/`)));
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-import-'));
  await useBackend('wasm');
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
  return () => vi.restoreAllMocks();
});

/**
 * A U-Net as people write it in PyTorch, trained for ten steps: `unet.pt` or `unet.safetensors`, and an image with its logits.
 */
const script = `
import json, struct, sys, torch
from torch import nn
from torch.nn import functional as F
folder, rank, norm = sys.argv[1], int(sys.argv[2]), sys.argv[3] == 'instance'
torch.manual_seed(3)
torch.set_num_threads(1)
Conv, Norm = (nn.Conv2d, nn.InstanceNorm2d) if rank == 2 else (nn.Conv3d, nn.InstanceNorm3d)
pool, mode = (F.max_pool2d, 'bilinear') if rank == 2 else (F.max_pool3d, 'trilinear')

class Block(nn.Module):
  def __init__(self, i, o):
    super().__init__()
    self.conv = Conv(i, o, 3, padding=1)
    self.norm = Norm(o, affine=True) if norm else nn.Identity()
  def forward(self, x): return F.leaky_relu(self.norm(self.conv(x)), 0.01)

class UNet(nn.Module):
  def __init__(self):
    super().__init__()
    self.down1, self.down2, self.bottom = Block(2, 4), Block(4, 6), Block(6, 8)
    self.up2, self.up1, self.out = Block(14, 6), Block(10, 4), Conv(4, 3, 1)
  def forward(self, x):
    a = self.down1(x)
    b = self.down2(pool(a, 2))
    c = self.bottom(pool(b, 2))
    up = lambda x, to: torch.cat([F.interpolate(x, to.shape[2:], mode=mode, align_corners=False), to], 1)
    return self.out(self.up1(up(self.up2(up(c, b)), a)))

net = UNet()
size = [24, 16] if rank == 2 else [8, 12, 8]
optimizer = torch.optim.Adam(net.parameters(), 0.01)
for _ in range(10):
  x = torch.rand(2, 2, *size)
  loss = F.cross_entropy(net(x), (x[:, 0] * 3).long().clamp(0, 2))
  optimizer.zero_grad(); loss.backward(); optimizer.step()
x = torch.rand(1, 2, *size)
with torch.no_grad(): y = net(x)
state = net.state_dict()
torch.save(state, folder + '/unet.pt')
header, at = {}, 0
for name, value in state.items():
  end = at + 4 * value.numel()
  header[name] = {'dtype': 'F32', 'shape': list(value.shape), 'data_offsets': [at, end]}
  at = end
text = json.dumps(header).encode()
with open(folder + '/unet.safetensors', 'wb') as f:
  f.write(struct.pack('<Q', len(text)) + text)
  for value in state.values(): f.write(value.numpy().tobytes())
json.dump({'size': size, 'x': x.flatten().tolist(), 'y': y.flatten().tolist(), 'names': list(state)}, open(folder + '/expected.json', 'w'))
`;

/** Which of our layers is which of the script's. */
const places = {
  down1: 'encoder.0.0',
  down2: 'encoder.1.0',
  bottom: 'encoder.2.0',
  up2: 'decoder.1.0',
  up1: 'decoder.0.0',
} as const;

const names = (isNormalized: boolean): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(places).flatMap(([theirs, ours]) => [
      [`${theirs}.conv.weight`, `${ours}.kernel`],
      [`${theirs}.conv.bias`, `${ours}.bias`],
      ...(isNormalized
        ? [
            [`${theirs}.norm.weight`, `${ours}.normalization.gamma`],
            [`${theirs}.norm.bias`, `${ours}.normalization.beta`],
          ]
        : []),
    ]),
  ),
  'out.weight': 'head.kernel',
  'out.bias': 'head.bias',
});

const describing = (size: readonly number[], normalization: string) =>
  JSON.stringify({
    network: {
      architecture: 'unet',
      options: { features: [4, 6, 8], convolutionsPerStage: 1, downsampling: 'max', normalization },
    },
    factor: 0.5,
    preprocessing: { size, channels: 2, intensity: { kind: 'none' } },
    labels: [{ name: 'background' }, { name: 'cell' }, { name: 'nucleus' }],
  });

describe.skipIf(!hasTorch)('a U-Net trained in PyTorch gives the same logits here', () => {
  test.each([
    [2, 'instance', 'pt'],
    [3, 'none', 'safetensors'],
    [3, 'instance', 'pt'],
  ] as const)('of %i dimensions, normalization %s, from .%s', async (rank, normalization, ending) => {
    const ended = spawnSync(python, ['-W', 'ignore', '-c', script, folder, `${rank}`, normalization]);
    expect(`${ended.stderr}`).toBe('');
    const expected = JSON.parse(await readFile(at('expected.json'), 'utf8'));
    const { size, x, y } = expected as { size: number[]; x: number[]; y: number[] };
    await writeFile(at('model.json'), describing(size, normalization));
    await writeFile(at('names.json'), JSON.stringify(names(normalization === 'instance')));
    expect(
      await sshn(
        `import @unet.${ending} --model @model.json --names @names.json -o @unet-imported.safetensors`,
      ),
      stderr,
    ).toBe(0);
    using model = await openModel(at('unet-imported.safetensors'));
    if (!(model instanceof Segmenter)) throw new Error('expected a segmenter');
    const { at: place } = model.choose();
    const channelsFirst = tensor(x, [1, 2, ...size]);
    const image = transpose(channelsFirst, [0, ...size.map((_, axis) => axis + 2), 1]);
    const logits = model.network.apply(model.weightsAt(place), image, place);
    const back = transpose(logits, [0, rank + 1, ...size.map((_, axis) => axis + 1)]);
    const found = await back.data();
    expect(Math.max(...y.map(Math.abs))).toBeGreaterThan(0.1);
    expect(Math.max(...y.map((value, i) => Math.abs(value - found[i]!)))).toBeLessThan(1e-4);
    // The file is a model like any other: it predicts, where two labels are not as likely.
    const picture = { values: Float32Array.from(await image.data()), size, channels: 2 };
    const { labels } = await model.predict(picture);
    const voxels = y.length / 3;
    const best = Array.from({ length: voxels }, (_, i) => {
      const of = [0, 1, 2].map((label) => y[label * voxels + i]!);
      return of.indexOf(Math.max(...of));
    });
    const differing = best.filter((label, i) => label !== labels.data[i]).length;
    expect(differing).toBeLessThanOrEqual(voxels / 500);
    dispose([channelsFirst, image, logits, back]);
  });
});

/** A safetensors file of zeros for a network, in PyTorch's layout. */
async function writeZeros(path: string): Promise<void> {
  const { network } = networkOf({
    network: {
      architecture: 'unet',
      options: { inChannels: 2, outChannels: 3, features: [4, 6, 8], convolutionsPerStage: 1 },
    },
    method: { kind: 'fixed', factor: 0.5 },
  });
  const shapes = new Map(namedSpecs(network.specs).map(([name, { shape }]) => [name, shape]));
  let end = 0;
  const header = Object.fromEntries(
    Object.entries(names(false)).map(([theirs, ours]) => {
      const shape = shapes.get(ours)!;
      const foreign = shape.length === 4 ? [shape[3]!, shape[2]!, shape[0]!, shape[1]!] : shape;
      const begin = end;
      end += 4 * shape.reduce((product, edge) => product * edge, 1);
      return [theirs, { dtype: 'F32', shape: foreign, data_offsets: [begin, end] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([length, text, Buffer.alloc(end)]));
}

describe('what does not fit', () => {
  beforeAll(async () => {
    await writeZeros(at('zeros.safetensors'));
    await writeFile(at('good.json'), describing([24, 16], 'none'));
    await writeFile(at('good-names.json'), JSON.stringify(names(false)));
  });

  const importing = async (model: string, table: string): Promise<number> => {
    await writeFile(at('m.json'), model);
    await writeFile(at('n.json'), table);
    return sshn('import @zeros.safetensors --model @m.json --names @n.json -o @x.safetensors');
  };
  const good = () => describing([24, 16], 'none');
  const without = (key: string): Record<string, string> =>
    Object.fromEntries(Object.entries(names(false)).filter(([name]) => name !== key));

  test.each<[string, () => string, () => object, string]>([
    ['nothing', good, () => names(false), ''],
    [
      'a table of nothing lists both sides',
      good,
      () => ({}),
      "leaves out the network's decoder.0.0.bias [4], decoder.0.0.kernel [4, 10, 3, 3]",
    ],
    [
      'a parameter that is left out',
      good,
      () => without('out.weight'),
      "leaves out the network's head.kernel [3, 4, 1, 1]; and the file's out.weight [3, 4, 1, 1]",
    ],
    [
      'a tensor that is not there',
      good,
      () => ({ ...without('out.bias'), 'out.bia': 'head.bias' }),
      "no tensor 'out.bia' (did you mean 'out.bias'?)",
    ],
    [
      'a parameter that is not there',
      good,
      () => ({ ...names(false), 'out.bias': 'head.bais' }),
      "no parameter 'head.bais' (did you mean 'head.bias'?)",
    ],
    [
      'two for one',
      good,
      () => ({ ...names(false), 'out.bias': 'head.kernel' }),
      'two tensors become head.kernel',
    ],
    [
      'another shape',
      () => good().replace('[4,6,8]', '[4,6,9]'),
      () => names(false),
      "'bottom.conv.weight', which becomes encoder.2.0.kernel, has the shape [8, 6, 3, 3], expected [9, 6, 3, 3]",
    ],
    [
      'a word that no description has',
      () => good().replace('factor', 'factr'),
      () => names(false),
      'm.json: ',
    ],
    [
      'an architecture that there is not',
      () => good().replace('"unet"', '"u-net"'),
      () => names(false),
      'architecture',
    ],
    ['a factor above 1', () => good().replace('0.5', '1.5'), () => names(false), 'm.json: '],
    ['names that are numbers', good, () => ({ a: 1 }), 'n.json: is no object whose values are texts'],
  ])('%s', async (_, model, table, message) => {
    expect(await importing(model(), JSON.stringify(table()))).toBe(message === '' ? 0 : 1);
    expect(stderr).toContain(message);
    if (message !== '') expect(stderr).toMatch(/^error: [^\n]*\n$/);
  });

  test('weights that are not there, and a table that is no JSON', async () => {
    expect(await sshn('import @none.pt --model @good.json --names @good-names.json -o @x.safetensors')).toBe(
      1,
    );
    expect(stderr).toContain('none.pt');
    expect(await importing(good(), '{')).toBe(1);
    expect(stderr).toContain('n.json: is not JSON');
  });
});
