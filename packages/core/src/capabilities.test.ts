import { useBackend } from '@sshn-internal/testing';
import { beforeAll, expect, test } from 'vitest';
import { type Requirement, requireKernels } from './capabilities.js';
import { CapabilityError } from './errors.js';

beforeAll(() => useBackend('cpu'));

const requirement = (feature: string, kernels: string[], wayOut: string): Requirement => ({
  feature,
  kernels,
  wayOut,
});

test('lets a backend pass that has all kernels', () => {
  requireKernels([requirement('training', ['Conv2D', 'Conv2DBackpropFilter'], 'None.')]);
  requireKernels([]);
});

test('names all kernels that are missing, by feature, and each way out once', () => {
  const requirements = [
    requirement('training', ['Conv2D', 'Nope', 'Never'], 'Update.'),
    requirement('showing', ['Conv2D'], 'Look away.'),
    requirement('sorting', ['Neither'], 'Update.'),
  ];
  expect(() => requireKernels(requirements)).toThrow(CapabilityError);
  expect(() => requireKernels(requirements)).toThrow(
    "Backend 'cpu' lacks kernels:\n  training: Nope, Never\n  sorting: Neither\nUpdate.",
  );
});

test('asks the backend that it is told to', () => {
  const training = [requirement('training', ['Conv2DBackpropFilter'], 'Call useFastWasm().')];
  expect(() => requireKernels(training, 'wasm')).toThrow(
    "Backend 'wasm' lacks kernels:\n  training: Conv2DBackpropFilter\nCall useFastWasm().",
  );
});
