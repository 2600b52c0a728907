import type { Visit } from '../steps.js';

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
// The worker counts from its own beginning; what is told counts from that of the visit. The title says that all is over.
worker.onmessage = ({ data }: MessageEvent<{ visit: Visit; origin: number }>) => {
  const before = data.origin - performance.timeOrigin;
  const times = data.visit.times.map(({ step, at }) => ({ step, at: before + at }));
  document.title = JSON.stringify({ ...data.visit, times });
};
worker.onerror = ({ message }) => {
  document.title = JSON.stringify({ message });
};
worker.postMessage(Number(new URL(location.href).searchParams.get('threads')));
