import type { Segmenter } from '@sshn/predict';

/** When each step was over, in milliseconds since the process or the visit of the page began. */
export type Times = ReadonlyArray<{ readonly step: string; readonly at: number }>;

interface Program {
  readonly start: () => Promise<unknown>;
  readonly open: () => Promise<Pick<Segmenter, 'predict'>>;
}

/** The way to a first result and a second one, in Node and in a page alike. @param load Imports what it takes. */
export async function timeSteps(load: () => Promise<Program>): Promise<Times> {
  const times: { step: string; at: number }[] = [];
  const over = (step: string) => times.push({ step, at: performance.now() });
  over('begun');
  const { start, open } = await load();
  over('packages loaded');
  await start();
  over('backend started');
  const model = await open();
  over('model opened');
  const image = { values: new Float32Array(256 * 256).fill(0.5), size: [256, 256], channels: 1 };
  for (const step of ['first result', 'second result']) {
    await model.predict(image, { factor: 0.25 });
    over(step);
  }
  return times;
}
