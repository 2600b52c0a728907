import { ComputeError } from './compute.js';
import { element } from './element.js';

let toWasm: () => Promise<void> = async () => undefined;

/** @param way Starts wasm: offered beside an error that a lost graphics card has caused. */
export function offerWasm(way: () => Promise<void>): void {
  toWasm = way;
}

/** Shows an error above the tabs until the next thing works. */
export function showError(error: unknown): void {
  const box = element('error');
  box.textContent = error instanceof Error ? error.message : String(error);
  if (error instanceof ComputeError && error.isGpuLost) {
    const way = Object.assign(document.createElement('button'), {
      type: 'button',
      id: 'to-wasm',
      textContent: 'Go on with wasm',
    });
    way.addEventListener('click', () => void attempt(toWasm));
    box.append(' ', way);
  }
  box.hidden = false;
}

export function clearError(): void {
  element('error').hidden = true;
}

/** Runs what a control asks for; whatever goes wrong is shown, not lost. */
export async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    clearError();
    await work();
  } catch (error) {
    showError(error);
  }
}
