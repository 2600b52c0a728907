// A program of its own: all cases on the engine that it is given, in Node; prints a report as JSON, and ends by itself.
import { env } from '@tensorflow/tfjs-core';
import type { Engine } from './engines.js';
import { known } from './known.js';
import { report } from './report.js';

const engine = process.argv[2] as Engine;
env().set('PROD', true);
console.log(JSON.stringify((await report(engine, Object.keys(known[engine] ?? {}))) ?? null));
