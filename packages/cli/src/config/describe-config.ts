import type { RunConfig } from '@sshn/training';
import { stringify } from 'yaml';

/** A complete configuration as YAML that `--config` reads back: one line for each key of the top level. */
export function describeConfig(config: RunConfig): string {
  return Object.entries(config)
    .map(([key, value]) =>
      stringify({ [key]: value }, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true })
        .trim()
        .replace(/^\{\s*([\s\S]*?)\s*\}$/, '$1'),
    )
    .join('\n');
}
