// A program of its own: all cases on webgpu in Node, through Dawn; prints a report as JSON.
import { create, globals } from 'webgpu';
import { start } from './engines.js';
import { known } from './known.js';
import { runCases } from './run.js';

const navigator = { gpu: create([]) };
Object.assign(globalThis, globals);
Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
const engine = await start('webgpu');
const report =
  engine === undefined ? null : { engine, outcomes: await runCases(Object.keys(known.webgpu ?? {})) };
// Dawn keeps the process alive.
process.stdout.write(JSON.stringify(report), () => process.exit(0));
