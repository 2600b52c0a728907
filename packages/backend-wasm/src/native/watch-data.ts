/** What we use of the compiled tfjs module here. */
interface TfjsModule {
  readonly tfjs: { disposeData: (id: number) => void };
}

type Listener = (id: number) => void;

const watched = new WeakMap<TfjsModule, Set<Listener>>();

/**
 * Calls `listener` with the number of every tensor whose values go away or are about to change: tfjs then takes the number
 * out of its list, whereupon XNNPACK drops its packed copies too.
 *
 * @returns what ends that.
 */
export function watchData(module: TfjsModule, listener: Listener): () => void {
  const listeners = watched.get(module) ?? watch(module);
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function watch(module: TfjsModule): Set<Listener> {
  const listeners = new Set<Listener>();
  watched.set(module, listeners);
  const { disposeData } = module.tfjs;
  module.tfjs.disposeData = (id) => {
    for (const listener of listeners) listener(id);
    disposeData(id);
  };
  return listeners;
}
