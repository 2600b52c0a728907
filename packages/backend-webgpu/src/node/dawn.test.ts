import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { vulkan } from '@sshn-internal/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import type { FastWebgpuStatus } from '../start/surroundings.js';

const inPackage = fileURLToPath(new URL('../..', import.meta.url));
const noDriver = { VK_ICD_FILENAMES: '/nowhere.json', VK_DRIVER_FILES: '/nowhere.json', LD_LIBRARY_PATH: '' };

/** Runs a program of its own, which has to end by itself. @returns what it prints, read as JSON. */
async function run(code: string, env: NodeJS.ProcessEnv, ...flags: string[]): Promise<unknown> {
  const program = `
    import { fastWebgpuStatus, useFastWebgpu } from '@sshn/backend-webgpu';
    import { backend, env, sum, tensor } from '@tensorflow/tfjs-core';
    env().set('PROD', true);
    const print = (value) => console.log(JSON.stringify(value));
    ${code}`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      ...['--import', import.meta.resolve('tsx'), ...flags],
      ...['--conditions=@sshn/source', '--input-type=module', '--eval', program],
    ],
    { cwd: inPackage, env: { ...process.env, ...env }, timeout: 60_000 },
  );
  return JSON.parse(stdout);
}

const failing =
  'try { await useFastWebgpu(); print(null); } catch (error) { print([error.name, error.message]); }';

/** A hook of Node's module loader under which a package is not installed. */
const without = (name: string) =>
  `--import=data:text/javascript,${encodeURIComponent(`
  import { register } from 'node:module';
  register('data:text/javascript,' + encodeURIComponent(\`
    export async function resolve(specifier, context, next) {
      if (specifier !== '${name}') return next(specifier, context);
      throw Object.assign(new Error("Cannot find package '${name}'"), { code: 'ERR_MODULE_NOT_FOUND' });
    }\`));`)}`;

test('without the package webgpu, an error says how to install it', async () => {
  const [name, message] = (await run(failing, vulkan, without('webgpu'))) as [string, string];
  expect(name).toBe('WebgpuUnavailableError');
  expect(message).toMatch(/the package webgpu \(Dawn\) is not installed\. Run `npm install webgpu`\./);
});

test('without tfjs’ backend too', async () => {
  const program = run(failing, vulkan, without('@tensorflow/tfjs-backend-webgpu'));
  expect(await program).toEqual([
    'WebgpuUnavailableError',
    expect.stringContaining('npm install @tensorflow'),
  ]);
});

test.runIf(process.platform === 'linux')('without a driver, an error names what is missing', async () => {
  const [name, message] = (await run(failing, noDriver)) as [string, string];
  expect(name).toBe('WebgpuUnavailableError');
  expect(message).toMatch(
    /^WebGPU does not start: no adapter\. Dawn needs a driver: Vulkan on Linux .*libvulkan1/,
  );
});

describe('with a driver', () => {
  let hasDriver = false;
  beforeAll(async () => {
    hasDriver = (await run(failing, vulkan)) === null;
  });

  test('it computes, says on what, and the program ends', async (context) => {
    context.skip(!hasDriver, 'Dawn finds no driver here');
    const [status, again, total] = (await run(
      `const status = await useFastWebgpu();
      env().set('WEBGPU_CPU_FORWARD', false);
      const total = await sum(tensor([[1, 2], [3, 4]]), 0).data();
      print([status, (await useFastWebgpu()) === status && fastWebgpuStatus() === status, [...total]]);`,
      vulkan,
    )) as [FastWebgpuStatus, boolean, number[]];
    expect(status).toMatchObject({ backend: 'webgpu', runtime: 'dawn', problems: [] });
    expect(status.adapter.length).toBeGreaterThan(0);
    expect(status.isSoftware).toBe(/swiftshader|llvmpipe/i.test(status.adapter));
    expect(status.limits.maxBufferBytes).toBeGreaterThanOrEqual(2 ** 28);
    expect(again).toBe(true);
    expect(total).toEqual([4, 6]);
  });

  test('tfjs’ own start before does not matter', async (context) => {
    context.skip(!hasDriver, 'Dawn finds no driver here');
    const status = await run(
      `await import('@tensorflow/tfjs-backend-webgpu');
      await useFastWebgpu({ powerPreference: 'low-power' });
      env().set('WEBGPU_CPU_FORWARD', false);
      print([(await sum(tensor([1, 2])).data())[0], backend().constructor.name]);`,
      vulkan,
    );
    expect(status).toEqual([3, 'WebGPUBackend']);
  });

  test('what the device complains of is kept, ten times', async (context) => {
    context.skip(!hasDriver, 'Dawn finds no driver here');
    const problems = (await run(
      `const { problems } = await useFastWebgpu();
      for (let i = 0; i < 12; i++) backend().device.createShaderModule({ code: 'no program' });
      await backend().device.queue.onSubmittedWorkDone();
      await new Promise((resolve) => setTimeout(resolve, 100));
      print(problems);`,
      vulkan,
    )) as string[];
    expect(problems).toHaveLength(10);
    expect(problems[0]).toMatch(/WGSL/);
  });

  test('a lost device is reported', async (context) => {
    context.skip(!hasDriver, 'Dawn finds no driver here');
    const problems = await run(
      `const { problems } = await useFastWebgpu();
      backend().device.destroy();
      await backend().device.lost;
      print(problems);`,
      vulkan,
    );
    expect(problems).toEqual([expect.stringMatching(/^The device was lost: /)]);
  });
});
