import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

it.each(['binary', 'binary-relaxed'])('%s is what the sources in assembly/ compile to', (name) => {
  const rebuilt = execFileSync(
    process.execPath,
    [path('../../scripts/build-assembly.mjs'), '--print', name],
    {
      encoding: 'utf8',
    },
  );
  expect(readFileSync(path(`${name}.ts`), 'utf8')).toBe(rebuilt);
});
