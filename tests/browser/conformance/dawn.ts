// A program of its own: all cases on webgpu in Node, through Dawn; prints a report as JSON, and ends by itself.
import { env } from '@tensorflow/tfjs-core';
import { known } from './known.js';
import { report } from './report.js';

env().set('PROD', true);
console.log(JSON.stringify((await report('webgpu', Object.keys(known.webgpu ?? {}))) ?? null));
