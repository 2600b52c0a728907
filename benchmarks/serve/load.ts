import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import autocannon, { type Result } from 'autocannon';

/** Clients that send at once, each at a time of its own in every second. */
const mostClients = 16;

/** What came of one rate of requests. */
export interface Step {
  /** Requests per second that were offered. */
  readonly rate: number;
  /** Of them, per second, those that were answered, and those refused with 503. */
  readonly answered: number;
  readonly refused: number;
  /** Neither answered nor refused: must be 0. */
  readonly lost: number;
  /** Milliseconds of what was answered. */
  readonly p50: number;
  readonly p95: number;
  /** Means over what was answered. */
  readonly factor: number;
  readonly dice: number;
  /** Milliseconds of /healthz meanwhile. */
  readonly probeP50: number;
  readonly probeP95: number;
}

/** Offers requests at a rate for a while, and watches /healthz. */
export async function offer(options: {
  readonly address: string;
  readonly body: Buffer;
  readonly rate: number;
  readonly seconds: number;
  readonly diceOf: (factor: number) => number;
}): Promise<Step> {
  const { address, body, rate, seconds, diceOf } = options;
  const latencies: number[] = [];
  const factors: number[] = [];
  let refused = 0;
  // A client of autocannon sends what is due in a second at its beginning: several that begin apart spread it.
  const clients = Math.min(rate, mostClients);
  const one = async (index: number): Promise<Result> => {
    await delay((1000 * index) / clients);
    const ended = new EventEmitter();
    const whenEnded = once(ended, 'end') as Promise<[Error | null, Result]>;
    const run = autocannon(
      {
        url: `${address}/predict?format=json`,
        method: 'POST',
        body,
        // Enough that the rate is kept while answers are late.
        connections: Math.max(8, (2 * rate) / clients),
        overallRate: rate / clients,
        duration: seconds,
        timeout: 60,
        setupClient: (client) => {
          // An event that its types leave out: names and values of headers in turn.
          const onHeaders = ({ statusCode, headers }: { statusCode: number; headers: string[] }): void => {
            const at = headers.findIndex((name) => name.toLowerCase() === 'x-sshn-factor');
            if (statusCode === 200 && at >= 0) factors.push(Number(headers[at + 1]));
          };
          EventEmitter.prototype.on.call(client, 'headers', onHeaders);
        },
      },
      (error, result) => ended.emit('end', error, result),
    );
    run.on('response', (_, status, __, milliseconds) => {
      if (status === 200) latencies.push(milliseconds);
      else if (status === 503) refused++;
    });
    const [error, result] = await whenEnded;
    if (error !== null && error !== undefined) throw error;
    return result;
  };
  const probes: number[] = [];
  const probing = setInterval(async () => {
    const began = performance.now();
    await fetch(`${address}/healthz`);
    probes.push(performance.now() - began);
  }, 50);
  const results = await Promise.all(Array.from({ length: clients }, (_, index) => one(index)));
  clearInterval(probing);
  const lost = results.reduce((sum, { errors, timeouts, non2xx }) => sum + errors + timeouts + non2xx, 0);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    rate,
    answered: latencies.length / seconds,
    refused: refused / seconds,
    lost: lost - refused,
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
    factor: mean(factors),
    dice: mean(factors.map(diceOf)),
    probeP50: percentile(probes, 0.5),
    probeP95: percentile(probes, 0.95),
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
