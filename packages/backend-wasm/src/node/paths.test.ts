import { FileError } from '@sshn/core';
import { expect, test, vi } from 'vitest';
import { fastWasmStatus, useFastWasm } from './index.js';

// tfjs cannot start again in a process where it failed to: a file of its own.
test('a backend that does not start names the folder and the remedy', async () => {
  const warnings = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
  const start = useFastWasm({ wasmPaths: '/nowhere/', threads: 2 });
  await expect(start).rejects.toThrow(FileError);
  await expect(start).rejects.toThrow(
    '/nowhere/: the wasm backend of tfjs did not start. ' +
      'Serve the .wasm files of @tensorflow/tfjs-backend-wasm and pass their folder: useFastWasm({ wasmPaths }).',
  );
  expect(fastWasmStatus()).toBeUndefined();
  warnings.mockRestore();
  errors.mockRestore();
});
