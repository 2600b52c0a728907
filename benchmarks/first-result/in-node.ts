// A process that takes the packages as a user's program does; its argument is a model file. Prints the times as JSON.
import type { Segmenter } from '@sshn/predict';
import { timeSteps } from './steps.js';

const times = await timeSteps(async () => {
  const [{ openModel }, { useFastWasm }] = await Promise.all([
    import('@sshn/predict/node'),
    import('@sshn/backend-wasm'),
  ]);
  return {
    start: () => useFastWasm({ threads: 2 }),
    open: async () => (await openModel(process.argv[2]!)) as Segmenter,
  };
});
process.stdout.write(`${JSON.stringify(times)}\n`, () => process.exit());
