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

/**
 * A store in the caches of a page's origin, for Workers, which have no `localStorage`; pages need a secure context for it.
 *
 * @param name Of the cache.
 * @example
 * await chooseBackend({ candidates, store: cacheStore() });   // in a Worker
 */
export function cacheStore(name = 'sshn-backend'): BackendStore {
  const addressOf = (key: string): string => `/${encodeURIComponent(key)}`;
  return {
    get: async (key) => (await (await caches.open(name)).match(addressOf(key)))?.text(),
    set: async (key, text) => (await caches.open(name)).put(addressOf(key), new Response(text)),
  };
}
