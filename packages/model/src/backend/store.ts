/** Remembers short texts. */
export interface BackendStore {
  get(key: string): Promise<string | undefined> | string | undefined;
  set(key: string, text: string): Promise<void> | void;
}

/**
 * A store in a page's `localStorage`, or any `Storage`.
 *
 * @example
 * await chooseBackend({ candidates, store: storageStore() });
 */
export function storageStore(storage: Pick<Storage, 'getItem' | 'setItem'> = localStorage): BackendStore {
  return {
    get: (key) => storage.getItem(key) ?? undefined,
    set: (key, text) => storage.setItem(key, text),
  };
}
