import { expect, test } from 'vitest';
import { WebgpuUnavailableError } from '../errors.js';
import { type Adapter, type AdapterInfo, describeAdapter, isSoftware, openDevice } from './gpu.js';
import { page } from './surroundings.js';

const adapterOf = (info?: AdapterInfo, more: Partial<Adapter> = {}): Adapter => ({
  features: new Set(['timestamp-query', 'something-else']),
  limits: { maxBufferSize: 7, maxTextureDimension1D: 8 },
  ...(info === undefined ? {} : { info }),
  requestDevice: () => Promise.reject(new Error('not asked for')),
  ...more,
});

test.each([
  [{ description: 'NVIDIA H100', vendor: 'nvidia' }, 'NVIDIA H100'],
  [{ device: '0x2330', vendor: 'nvidia' }, '0x2330'],
  [{ vendor: 'intel', architecture: 'xe', description: '' }, 'intel xe'],
  [undefined, 'an adapter without a name'],
])('%o in words', (info, words) => {
  expect(describeAdapter(adapterOf(info))).toBe(words);
});

test('software is what says so, or is known to be', () => {
  expect(isSoftware(adapterOf({ vendor: 'nvidia' }))).toBe(false);
  expect(isSoftware(adapterOf({ vendor: 'google', architecture: 'swiftshader' }))).toBe(true);
  expect(isSoftware(adapterOf({ description: 'llvmpipe (LLVM 15)' }))).toBe(true);
  expect(isSoftware(adapterOf({ vendor: 'x' }, { isFallbackAdapter: true }))).toBe(true);
  expect(isSoftware(adapterOf({ vendor: 'swiftshader', isFallbackAdapter: false }))).toBe(false);
});

test('a device gets the features and limits that kernels use, and no others', async () => {
  let asked: Parameters<Adapter['requestDevice']>[0] | undefined;
  const refused = openDevice(
    adapterOf(undefined, {
      requestDevice: (descriptor) => {
        asked = descriptor;
        return Promise.reject(new Error('enough'));
      },
    }),
  );
  await expect(refused).rejects.toThrow('enough');
  expect(asked?.requiredFeatures).toEqual(['timestamp-query']);
  expect(asked?.requiredLimits).toMatchObject({ maxBufferSize: 7 });
  expect(asked?.requiredLimits).not.toHaveProperty('maxTextureDimension1D');
});

test('without navigator.gpu a page says so, and why', async () => {
  await expect(page.gpu()).rejects.toThrow(WebgpuUnavailableError);
  await expect(page.gpu()).rejects.toThrow('this browser has no navigator.gpu. Use a browser');
  Object.assign(globalThis, { isSecureContext: false });
  await expect(page.gpu()).rejects.toThrow('only secure pages have. Serve it over https');
  Reflect.deleteProperty(globalThis, 'isSecureContext');
});
