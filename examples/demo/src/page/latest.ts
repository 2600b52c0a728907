/**
 * A function that works on the newest argument only: while it runs, an argument waits, and a newer one takes its place. So
 * a slider that moves faster than the device computes never has a queue behind it.
 */
export function latest<Argument>(
  work: (argument: Argument) => Promise<void>,
): (argument: Argument) => Promise<void> {
  let waiting: { readonly argument: Argument } | undefined;
  let running: Promise<void> | undefined;

  const drain = async () => {
    try {
      while (waiting !== undefined) {
        const { argument } = waiting;
        waiting = undefined;
        await work(argument);
      }
    } finally {
      running = undefined;
    }
  };
  return (argument) => {
    waiting = { argument };
    running ??= drain();
    return running;
  };
}
