import type { Segmenter } from '@sshn/predict';

/** When each step was over, in milliseconds since the process or the visit of the page began. */
export type Times = ReadonlyArray<{ readonly step: string; readonly at: number }>;

/** The way to a first result, and its parts. */
export interface Visit {
  readonly times: Times;
  /** Of it, milliseconds for which WebAssembly was being compiled and instantiated, by tfjs and by us. */
  readonly compileMs: number;
}

interface Program {
  readonly start: () => Promise<unknown>;
  readonly open: () => Promise<Pick<Segmenter, 'predict'>>;
}

/** The way to a first result and to two more, in Node and in a page alike. @param load Imports what it takes. */
export async function timeSteps(load: () => Promise<Program>): Promise<Visit> {
  const compiling = timeCompiling();
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
  for (const step of ['first result', 'second result', 'third result']) {
    await model.predict(image, { factor: 0.25 });
    over(step);
  }
  return { times, compileMs: compiling.ms };
}

/** Adds up how long the engine's functions that compile take from now on. */
function timeCompiling(): { readonly ms: number } {
  const spent = { ms: 0 };
  for (const name of ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming'] as const) {
    const original = WebAssembly[name] as (...args: unknown[]) => Promise<unknown>;
    const timed = async (...args: unknown[]): Promise<unknown> => {
      const began = performance.now();
      try {
        return await original(...args);
      } finally {
        spent.ms += performance.now() - began;
      }
    };
    Object.assign(WebAssembly, { [name]: timed });
  }
  return spent;
}
