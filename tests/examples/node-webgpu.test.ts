import { vulkan } from '@sshn-internal/testing';
import { expect, test } from 'vitest';
import { installExample } from './testing/install.js';
import { runScript } from './testing/run.js';

const settings = { images: 10, size: 16, features: 4, stages: 3, epochs: 2 };

test('trains on webgpu, and the device complains of nothing', { timeout: 300_000 }, async (context) => {
  using example = await installExample('node-webgpu');
  let lines: string[];
  try {
    lines = await runScript(example, 'start', settings, vulkan);
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    // Only what the example itself says about a machine without WebGPU is a reason to skip.
    if (!stderr.includes('WebGPU does not start')) throw error;
    return context.skip(stderr.trim());
  }
  expect(lines[0]).toMatch(/^Training on .+\.$/);
  const losses = lines.flatMap((line) => /^epoch \d\/2 {2}loss (\d\.\d{3})/.exec(line)?.[1] ?? []);
  expect(losses).toHaveLength(2);
  const table = lines.filter((line) => /^ +0\.\d\d +\d\.\d{3} /.test(line));
  expect(table.map((line) => Number(line.trim().split(/ +/)[0]))).toEqual([0.1, 0.25, 0.5]);
  expect(lines.at(-1)).toBe('The device complained of nothing.');
});
