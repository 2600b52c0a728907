import {
  engine,
  findBackendFactory,
  type KernelBackend,
  registerBackend,
  removeBackend,
  setBackend,
} from '@tensorflow/tfjs-core';

/** A tfjs backend that one of our packages has started. */
export interface ActiveBackend {
  readonly backend: object;
  /** The options in words: the same again change nothing. */
  readonly wish: string;
  readonly status: object;
  /** Whether it can no longer compute: a further call starts another. */
  readonly isLost: () => boolean;
}

/** Starts a backend of one name, and knows what is on. */
export interface BackendStarter<Active extends ActiveBackend> {
  /** What is on; undefined before the first start. */
  readonly active: Active | undefined;
  /**
   * Makes the backend current as `wish` says: what is on where that is the same and well, else what `start` gives.
   * One call after the other.
   */
  activate(wish: string, start: () => Promise<Active>): Promise<Active['status']>;
}

/** A starter for the backend that tfjs knows as `name`. */
export function backendStarter<Active extends ActiveBackend>(name: string): BackendStarter<Active> {
  let active: Active | undefined;
  let calls: Promise<unknown> = Promise.resolve();
  return {
    get active() {
      return active;
    },
    activate(wish, start) {
      const call = calls.then(async () => {
        const isOn = active !== undefined && active.wish === wish && active.backend === runningBackend(name);
        if (active !== undefined && isOn && !active.isLost()) await setBackend(name);
        else active = await start();
        return active.status;
      });
      calls = call.catch(() => undefined);
      return call;
    },
  };
}

/** The backend of that name that has started; undefined where none has. */
export function runningBackend(name: string): KernelBackend | undefined {
  return engine().registry[name];
}

/**
 * Starts a backend in the place of the one that is registered under `name`, whose tensors are gone, and makes it current.
 * If it does not start, the former one is registered again.
 *
 * @param priority As tfjs has it: the greatest is what tfjs starts by itself.
 * @returns whether it has started.
 */
export async function replaceBackend(
  name: string,
  create: () => KernelBackend | Promise<KernelBackend>,
  priority: number,
): Promise<boolean> {
  // tfjs' types deny it, but an unknown backend has no factory.
  const former = findBackendFactory(name) as ReturnType<typeof findBackendFactory> | null;
  if (former != null) removeBackend(name);
  registerBackend(name, create, priority);
  if (await setBackend(name)) return true;
  removeBackend(name);
  if (former != null) registerBackend(name, former, priority);
  return false;
}
