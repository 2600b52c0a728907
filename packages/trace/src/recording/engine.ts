import { currentScope } from '@sshn/core';
import { engine, env, getKernel, registerKernel, type Tensor, unregisterKernel } from '@tensorflow/tfjs-core';
import { TraceError, UnknownKernelError } from '../errors.js';
import { knownKernels } from '../kernels/registry.js';
import type { Recorder } from './recorder.js';

/** Which kernels a trace has: all, or those of tfjs alone, of which ours are then composed. */
export type KernelChoice = 'all' | 'stock';

/** The name that `getBackend()` gives inside of a trace. */
export const traceBackend = 'sshn-trace';

/**
 * Runs synchronous work with a recorder as the current tfjs backend and puts everything back, also after an error.
 *
 * The engine's slots are set by hand: `setBackend` is asynchronous, cannot go back to "none yet", and sets up all
 * kernels of the old backend again. Nothing of ours stays registered, so tfjs never picks this backend by itself.
 *
 * @throws {TraceError} inside of a trace. @throws {UnknownKernelError} for a kernel without a shape function.
 */
export function recordWith<T>(recorder: Recorder, kernels: KernelChoice, work: () => T): T {
  const current = engine();
  if (current.backendName === traceBackend) {
    throw new TraceError(
      'trace was called inside of a traced function. Make the inner trace first, outside.',
    );
  }
  const slots = current as unknown as EngineSlots;
  const { backendName, backendInstance, pendingBackendInit } = slots;
  const { runKernel } = current;
  // The debug mode reads the values of every result.
  const debug = env().getBool('DEBUG');
  const results: Tensor[] = [];

  const remove = addKernels(recorder, kernels);
  slots.backendName = traceBackend;
  slots.backendInstance = recorder;
  slots.pendingBackendInit = undefined;
  if (debug) env().set('DEBUG', false);
  current.runKernel = <Result extends Tensor | Tensor[]>(
    ...[kernel, inputs, attributes]: RunKernelArguments
  ) => {
    const isTraced = current.backendName === traceBackend;
    if (isTraced && getKernel(kernel, traceBackend) == null)
      throw new UnknownKernelError(kernel, currentScope());
    const result = runKernel.call(current, kernel, inputs, attributes);
    if (isTraced) results.push(...[result].flat());
    return result as Result;
  };
  try {
    return work();
  } finally {
    current.runKernel = runKernel;
    if (debug) env().set('DEBUG', true);
    slots.backendName = backendName;
    slots.backendInstance = backendInstance;
    slots.pendingBackendInit = pendingBackendInit;
    remove();
    // What `keep` held back from `tidy`, such as what a gradient saved before an error.
    for (const result of results) result.dispose();
  }
}

/** What tfjs-core's engine knows about the current backend. Private there. */
interface EngineSlots {
  backendName: string | undefined;
  backendInstance: unknown;
  pendingBackendInit: unknown;
}

type RunKernelArguments = Parameters<ReturnType<typeof engine>['runKernel']>;

function addKernels(recorder: Recorder, kernels: KernelChoice): () => void {
  const wanted = knownKernels().filter((name) => kernels === 'all' || !name.startsWith('Sshn'));
  const added = wanted.map((kernelName) => {
    registerKernel({
      kernelName,
      backendName: traceBackend,
      kernelFunc: ({ inputs, attrs }) => recorder.run(kernelName, inputs, attrs ?? {}),
    });
    return kernelName;
  });
  return () => {
    for (const kernel of added) unregisterKernel(kernel, traceBackend);
  };
}
