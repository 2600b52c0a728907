import type { Times } from '../steps.js';

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
// The worker counts from its own beginning; what is told counts from that of the visit. The title says that all is over.
worker.onmessage = ({ data }: MessageEvent<{ times: Times; origin: number }>) => {
  const before = data.origin - performance.timeOrigin;
  document.title = JSON.stringify(data.times.map(({ step, at }) => ({ step, at: before + at })));
};
worker.onerror = ({ message }) => {
  document.title = JSON.stringify({ message });
};
