import { afterAll, beforeAll, describe } from 'vitest';
import { findChromium } from '../browser/chromium.js';
import { beginVisit, type Visit } from './visit.js';
import { backendTests } from './visits/backends.js';
import { fileTests } from './visits/files.js';
import { graphicsTests } from './visits/graphics.js';
import { modelTests } from './visits/models.js';
import { registrationTests } from './visits/registration.js';
import { segmentTests } from './visits/segment.js';
import { streamTests } from './visits/stream.js';
import { trainingTests } from './visits/training.js';
import { volumeTests } from './visits/volumes.js';
import { wholePageTests } from './visits/whole-page.js';

const executablePath = findChromium();

// Needs Chromium; CHROMIUM may name one. The tests are one visit, from top to bottom.
describe.skipIf(executablePath === undefined)('the demo, built and served as static files', () => {
  let visit: Visit;

  beforeAll(async () => {
    visit = await beginVisit(executablePath!);
  }, 600_000);
  afterAll(() => visit?.[Symbol.asyncDispose]());

  const current = () => visit;
  segmentTests(current);
  // Before anything else starts webgl: it takes hold of the context that is made.
  graphicsTests(current);
  fileTests(current);
  backendTests(current);
  modelTests(current);
  trainingTests(current);
  streamTests(current);
  volumeTests(current);
  registrationTests(current);
  wholePageTests(current);
});
