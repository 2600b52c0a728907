import { countParams, OptionError, ValueError } from '@sshn/core';
import { expect, test } from 'vitest';
import { type Architectures, architectureNames, createNetwork } from './create-network.js';
import { unet } from './unet.js';

test('a network by name is the network of the function of that name', () => {
  expect(architectureNames).toEqual(['unet', 'resunet', 'fpn', 'pspnet', 'senet']);
  const options = { inChannels: 3, outChannels: 4, features: [4, 6], kernelSize: 5, slope: 0.2, film: true };
  expect(createNetwork('unet', options).specs).toEqual(unet(options).specs);
});

test('every option of a U-Net may come from data', () => {
  const options: Required<Architectures['unet']> = {
    rank: 3,
    inChannels: 1,
    outChannels: 2,
    features: 2,
    stages: 2,
    convolutionsPerStage: 1,
    kernelSize: [1, 3, 3],
    normalization: 'none',
    activation: 'leakyRelu',
    slope: 0.1,
    dropout: 0.1,
    downsampling: 'max',
    film: false,
    deepSupervision: true,
  };
  const fromFile: Architectures['unet'] = JSON.parse(JSON.stringify(options));
  expect(countParams(createNetwork('unet', fromFile).specs)).toBe(20 + 38 + 74 + 6 + 6);
});

test('an unknown name and a misspelled option are refused, with the nearest', () => {
  const options = { inChannels: 1, outChannels: 2 };
  expect(() => createNetwork('unett' as 'unet', options)).toThrow(OptionError);
  expect(() => createNetwork('unett' as 'unet', options)).toThrow(
    "Option 'architecture': got 'unett', expected one of 'unet', 'resunet', 'fpn', 'pspnet', 'senet'. Did you mean 'unet'?",
  );
  const misspelled = { ...options, feature: 8 };
  expect(() => createNetwork('unet', misspelled)).toThrow("Did you mean 'features'?");
});

test('options that make no network are refused', () => {
  expect(() => createNetwork('unet', { inChannels: 0, outChannels: 2 })).toThrow(ValueError);
  expect(() => createNetwork('unet', JSON.parse('{"outChannels": 2}'))).toThrow(
    'unet: inChannels: got undefined, expected an integer',
  );
});
