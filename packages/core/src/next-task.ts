/** Lets signals, timers and the page have their turn: tfjs on the CPU never waits by itself. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
