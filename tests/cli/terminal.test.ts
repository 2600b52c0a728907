import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { commandLine, scratchFolder, small } from './command.js';

// util-linux' `script` runs a command on a terminal of its own.
const script = ['/usr/bin/script', '/bin/script'].find(existsSync);
const scratch = scratchFolder();

/** What a training writes to a terminal of 120 columns. */
async function onTerminal(out: string, env: Record<string, string>): Promise<string> {
  const words = commandLine(['train', 'phantoms:cells:16', ...small, '--epochs', '2', '--out', out]);
  const command = `stty cols 120 rows 40; ${words.map((word) => `'${word}'`).join(' ')}`;
  // Node takes a terminal under CI for one without colors.
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...inherited } = process.env;
  const { stdout } = await promisify(execFile)(script!, ['-qec', command, '/dev/null'], {
    cwd: scratch.path,
    env: { ...inherited, TERM: 'xterm-256color', ...env },
  });
  return stdout;
}

describe.skipIf(process.platform !== 'linux' || script === undefined)(
  'on a terminal (needs util-linux)',
  () => {
    test('shows a live bar below the lines of the epochs, and takes it away', async () => {
      const text = await onTerminal('colored', {});
      expect(text).toMatch(
        /epoch 1\/2 {2}\S*█*[▏▎▍▌▋▊▉]?░+\S* {2} ?\d+ % {2}loss \d\.\d{4} {2}.*images\/s {2}.* left/,
      );
      expect(text).toMatch(/epoch 2\/2 {2}Dice loss/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colors are what is tested.
      expect(text).toMatch(/\x1b\[36m[█▏▎▍▌▋▊▉]*░+\x1b\[39m/);
      // The last thing written is a plain line, and the cursor is shown again.
      expect(text).toContain('Look at its curve with: sshn pareto colored');
      expect(text.lastIndexOf('\x1b[?25h')).toBeGreaterThan(text.lastIndexOf('\x1b[?25l'));
    });

    test('has no colors where NO_COLOR is set', async () => {
      const text = await onTerminal('plain', { NO_COLOR: '1' });
      expect(text).toContain('░');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colors are what is tested.
      expect(text).not.toMatch(/\x1b\[[0-9;]*m/);
    });
  },
);
