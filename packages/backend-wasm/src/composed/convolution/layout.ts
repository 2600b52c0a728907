import { ValueError } from '@sshn/core';

/** Nothing of tfjs' wasm backend knows images with the channels first. @throws {ValueError} that says so. */
export function requireChannelsLast(kernelName: string, dataFormat: 'NHWC' | 'NCHW'): void {
  if (dataFormat !== 'NHWC') {
    throw new ValueError({
      where: `${kernelName} on wasm: dataFormat`,
      got: dataFormat,
      expected: "'NHWC'",
      hint: 'Transpose [batch, channels, height, width] data first.',
    });
  }
}
