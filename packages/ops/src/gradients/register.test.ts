import { useBackend } from '@sshn-internal/testing';
import { type GradConfig, getGradient, registerGradient, unregisterGradient } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test } from 'vitest';
import { registerGradients } from './register.js';

const foreign = (kernelName: string): GradConfig => ({ kernelName, gradFunc: () => ({}) });

describe('registerGradients', () => {
  afterEach(() => {
    for (const kernel of ['Relu', 'Conv2D']) if (getGradient(kernel) != null) unregisterGradient(kernel);
  });

  test('registers nothing before it is called, and the same when called again', async () => {
    await useBackend('cpu');
    expect(getGradient('Relu')).toBeUndefined();
    registerGradients();
    const [relu, conv] = [getGradient('Relu'), getGradient('Conv2D')];
    expect(relu.kernelName).toBe('Relu');
    registerGradients();
    expect(getGradient('Relu')).toBe(relu);
    expect(getGradient('Conv2D')).toBe(conv);
  });

  test('leaves a sound gradient of somebody else alone and replaces an unsound one', () => {
    const [relu, conv] = [foreign('Relu'), foreign('Conv2D')];
    registerGradient(relu);
    registerGradient(conv);
    registerGradients();
    expect(getGradient('Relu')).toBe(relu);
    expect(getGradient('Conv2D')).not.toBe(conv);
  });

  test('replaces an unsound one also when that was registered later', () => {
    registerGradients();
    const ours = getGradient('Conv2D');
    registerGradient(foreign('Conv2D'));
    registerGradients();
    expect(getGradient('Conv2D')).toBe(ours);
  });
});
