// Bundled and run in a page.
import type { Engine } from './engines.js';
import { report } from './report.js';

Object.assign(globalThis, {
  runConformance: (engine: Engine, skipped?: readonly string[]) => report(engine, skipped, 'wasm/'),
});
