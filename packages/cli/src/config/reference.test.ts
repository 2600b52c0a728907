import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configWords } from './flags.js';
import { configReference, withReference } from './reference.js';

describe('configReference', () => {
  const rows = configReference().split('\n').slice(2);

  it('has a row of five cells for every word', () => {
    expect(rows).toHaveLength(configWords.length);
    for (const row of rows) expect(row.replaceAll('\\|', '').match(/ \| /g)).toHaveLength(4);
  });

  it('names key, flag, range, default and meaning', () => {
    expect(rows).toContain(
      '| `crossEntropyShare` | `--cross-entropy-share` | a number in [0, 1] | `0.4` | Share of the epochs trained with cross-entropy, before the loss |',
    );
    expect(rows.find((row) => row.startsWith('| `prior` | `--factor`, `--prior` |'))).toBeDefined();
  });

  it('is what the README says; `pnpm --filter @sshn/cli reference` writes it', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    // The formatter aligns the columns of tables.
    const plain = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
    expect(plain(readme)).toBe(plain(withReference(readme, configReference())));
  });
});
