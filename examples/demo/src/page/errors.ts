import { element } from './element.js';

/** Shows an error above the tabs until the next thing works. */
export function showError(error: unknown): void {
  const box = element('error');
  box.textContent = error instanceof Error ? error.message : String(error);
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
