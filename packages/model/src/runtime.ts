import type { PlainNetwork } from '@sshn/core';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';

/** A network that is ready to run. */
export interface RunningNetwork {
  /** From images `[batch, ...size, channels]` to the network's output in the same layout, which is the caller's to dispose of. */
  apply(images: Tensor): Promise<Tensor>;
  dispose(): void | Promise<void>;
}

/**
 * What runs plain networks, whose weights live as long as what it gives. `tfjsRuntime` is the usual one; `onnxRuntime` of @sshn/onnx hands them to onnxruntime, which uses a
 * machine's native instructions or its graphics card.
 */
export type Runtime = (plain: PlainNetwork) => Promise<RunningNetwork>;

/** Runs networks on the current backend of tfjs. */
export const tfjsRuntime: Runtime = async ({ network, params, at }) => ({
  apply: async (images) => tidy(() => network.apply(params, images, at)),
  dispose: () => {},
});
