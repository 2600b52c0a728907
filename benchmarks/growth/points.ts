import { curves } from './curves.js';

/** The cost at one point of a curve. */
export interface Point {
  readonly curve: string;
  readonly value: number;
  /** Processor time of one thread: the lowest of some repetitions. */
  readonly ms: number;
  /** The most memory that the process took, less what it took before it had any tensors. */
  readonly bytes: number;
}

const head = 'curve,value,ms,bytes';

/** Points as a CSV file holds them. */
export function csvOf(points: readonly Point[]): string {
  return [head, ...points.map(({ curve, value, ms, bytes }) => [curve, value, ms, bytes].join(','))]
    .map((line) => `${line}\n`)
    .join('');
}

/** @throws {Error} if a line is no point. */
export function pointsIn(csv: string): Point[] {
  const [first, ...lines] = csv.trimEnd().split('\n');
  if (first !== head) throw new Error(`got the heading '${first}', expected '${head}'`);
  return lines.map((line) => {
    const [curve = '', ...numbers] = line.split(',');
    const [value, ms, bytes] = numbers.map(Number);
    if (![value, ms, bytes].every(Number.isFinite))
      throw new Error(`got the line '${line}', expected a point`);
    return { curve, value: value!, ms: ms!, bytes: bytes! };
  });
}

/** The points with one more, in the order of the curves. Of two measurements of one point the lower costs stay. */
export function withPoint(points: readonly Point[], added: Point): Point[] {
  const isSame = ({ curve, value }: Point): boolean => curve === added.curve && value === added.value;
  const known = points.find(isSame) ?? added;
  const lower = { ...added, ms: Math.min(known.ms, added.ms), bytes: Math.min(known.bytes, added.bytes) };
  const place = (point: Point): number => curves.findIndex(({ name }) => name === point.curve);
  return [...points.filter((point) => !isSame(point)), lower].sort(
    (a, b) => place(a) - place(b) || a.value - b.value,
  );
}

/** How costs grow from one point of a curve to the next: time with the work, memory with what is kept, to this power. */
export interface Growth {
  readonly curve: string;
  readonly from: number;
  readonly to: number;
  readonly time: number;
  readonly memory: number;
}

/** Every step of every curve. */
export function growths(points: readonly Point[]): Growth[] {
  return curves.flatMap(({ name, powers }) => {
    const own = points.filter(({ curve }) => curve === name).sort((a, b) => a.value - b.value);
    return own.slice(1).map((point, i) => {
      const before = own[i]!;
      const power = (cost: 'ms' | 'bytes'): number =>
        Math.log(point[cost] / before[cost]) / Math.log(point.value / before.value) / powers[cost];
      return {
        curve: name,
        from: before.value,
        to: point.value,
        time: power('ms'),
        memory: power('bytes'),
      };
    });
  });
}
