import type { Message, Task } from './messages.js';

const element = (id: string) => document.getElementById(id)!;
const say = (id: string, text: string) => {
  element(id).textContent = text;
};

// Whether memory may be shared between threads. The browser decides it by the headers that this page came with.
say('isolated', crossOriginIsolated ? 'cross-origin isolated' : 'not cross-origin isolated');

const trained: { threads: number; milliseconds: number; loss: number }[] = [];
const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });

worker.onmessage = ({ data }: MessageEvent<Message>) => {
  if (data.kind === 'started') {
    const threads = data.threads === 1 ? '1 thread' : `${data.threads} threads`;
    say('threads', [`Training on ${threads}, SIMD ${data.simd}.`, ...data.limits].join(' '));
  }
  if (data.kind === 'progress') (element('progress') as HTMLProgressElement).value = data.done;
  if (data.kind === 'trained') {
    trained.push(data);
    show();
  }
  if (data.kind === 'finished' && trained.length > 1) {
    const isSame = trained.every(({ loss }) => loss === trained[0]!.loss);
    say('verdict', isSame ? 'The same loss to the last bit, however many threads.' : 'The losses differ.');
  }
  if (data.kind === 'finished' && trained.length === 1)
    say('verdict', 'Nothing to compare: this page has one thread.');
  if (data.kind === 'failed') say('threads', data.message);
};
worker.onerror = () => say('threads', 'worker.js could not be loaded: run `npm run build` first.');

/** One row for each number of threads; speed is told against one thread, which comes last. */
function show(): void {
  const alone = trained.find(({ threads }) => threads === 1)?.milliseconds;
  const rows = trained.map(({ threads, milliseconds, loss }) => {
    const speed = alone === undefined ? '' : `${(alone / milliseconds).toFixed(2)}×`;
    const row = document.createElement('tr');
    for (const text of [`${threads}`, milliseconds.toFixed(1), speed, `${loss}`])
      row.append(Object.assign(document.createElement('td'), { textContent: text }));
    return row;
  });
  element('rows').replaceChildren(...rows);
}

// `?images=60&edge=128&features=32` makes it work longer.
const wish = new URLSearchParams(location.search);
const task: Task = {
  images: Number(wish.get('images') ?? 40),
  edge: Number(wish.get('edge') ?? 96),
  features: Number(wish.get('features') ?? 16),
};
worker.postMessage(task);
