// A process that takes the packages as a user's program does; its arguments are a model file and how many threads. Prints the times as JSON.
import type { Segmenter } from '@sshn/predict';
import { timeSteps } from './steps.js';

const visit = await timeSteps(async () => {
  const [{ openModel }, { useFastWasm }] = await Promise.all([
    import('@sshn/predict/node'),
    import('@sshn/backend-wasm'),
  ]);
  return {
    start: () => useFastWasm({ threads: Number(process.argv[3]) }),
    open: async () => (await openModel(process.argv[2]!)) as Segmenter,
  };
});
process.stdout.write(`${JSON.stringify(visit)}\n`, () => process.exit());
