/**
 * The glue of tfjs' compiled module listens to `uncaughtException` and `unhandledRejection` of Node, to throw the error
 * again: Node then prints 38 kB of the glue's own source and exits with code 7, whatever fails in the program.
 */
const EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

type Event = (typeof EVENTS)[number];

/** The glue's listeners, by their text without spaces. */
const TEXTS: Readonly<Record<Event, RegExp>> = {
  uncaughtException: /^function\((\w+)\)\{if\(!\(\1instanceof\w+\)\)\{?throw\1;?\}?\}$/,
  unhandledRejection: /^function\((\w+)\)\{throw\1;?\}$/,
};

type Listener = (...args: unknown[]) => void;

/** This process where it is one of Node. */
const node = (): NodeJS.Process | undefined =>
  typeof process === 'object' && typeof process.listeners === 'function' ? process : undefined;

const listenersOf = (event: Event): Listener[] =>
  (node()?.listeners(event as 'uncaughtException') ?? []) as Listener[];

const remove = (event: string, listener: Listener): void => void node()?.removeListener(event, listener);

/** Calls `start`, and removes the listeners that it has added by the time it returns. */
export function withoutNewListeners<Result>(start: () => Result): Result {
  const before = EVENTS.map((event) => new Set(listenersOf(event)));
  const result = start();
  for (const [i, event] of EVENTS.entries()) {
    for (const listener of listenersOf(event)) if (!before[i]!.has(listener)) remove(event, listener);
  }
  return result;
}

/** Removes the listeners of a glue that was started elsewhere, known by their text. */
export function removeGlueListeners(): void {
  for (const event of EVENTS) {
    for (const listener of listenersOf(event)) {
      const text = String(listener).replace(/\s/g, '');
      if (TEXTS[event].test(text)) remove(event, listener);
    }
  }
}
