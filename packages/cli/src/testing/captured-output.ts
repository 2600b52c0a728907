import { beforeEach, vi } from 'vitest';

/** What commands in this process write, from the start of each test on, or from `clear`; nothing of it reaches the terminal. */
export function captureOutput(): { stdout: string; stderr: string; clear(): void } {
  const output = {
    stdout: '',
    stderr: '',
    clear() {
      output.stdout = '';
      output.stderr = '';
    },
  };
  beforeEach(() => {
    output.clear();
    for (const name of ['stdout', 'stderr'] as const) {
      vi.spyOn(process[name], 'write').mockImplementation((text) => {
        output[name] += text;
        return true;
      });
    }
    return () => vi.restoreAllMocks();
  });
  return output;
}
