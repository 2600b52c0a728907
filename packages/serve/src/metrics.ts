import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { PoolState } from './pool.js';

/** The numbers of a service, as Prometheus reads them. */
export class Metrics {
  readonly #registry = new Registry();
  readonly requests = new Counter({
    name: 'sshn_requests_total',
    help: 'Requests that were answered, by route and status.',
    labelNames: ['route', 'status'],
    registers: [this.#registry],
  });
  readonly latency = new Histogram({
    name: 'sshn_prediction_seconds',
    help: 'From the arrival of an image to its answer.',
    labelNames: ['model'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6],
    registers: [this.#registry],
  });
  readonly waited = new Histogram({
    name: 'sshn_queue_seconds',
    help: 'That a request waited for a worker process.',
    buckets: [0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4],
    registers: [this.#registry],
  });
  readonly factor = new Histogram({
    name: 'sshn_factor',
    help: 'Rescaling factors of predictions.',
    labelNames: ['model'],
    buckets: [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.75, 1],
    registers: [this.#registry],
  });
  readonly deaths = new Counter({
    name: 'sshn_worker_deaths_total',
    help: 'Worker processes that ended unasked and were replaced.',
    registers: [this.#registry],
  });
  readonly retries = new Counter({
    name: 'sshn_retries_total',
    help: 'Requests that began anew as their worker process died.',
    registers: [this.#registry],
  });

  /** @param pool The state of the pool when it is asked for. @param share How much accuracy there is, from 0 to 1. */
  constructor(pool: () => PoolState, share: () => number) {
    collectDefaultMetrics({ register: this.#registry });
    new Gauge({
      name: 'sshn_workers',
      help: 'Worker processes by what they do.',
      labelNames: ['state'],
      registers: [this.#registry],
      collect() {
        const { idle, busy, starting } = pool();
        this.set({ state: 'idle' }, idle);
        this.set({ state: 'busy' }, busy);
        this.set({ state: 'starting' }, starting);
      },
    });
    new Gauge({
      name: 'sshn_queue_length',
      help: 'Requests that wait for a worker process.',
      registers: [this.#registry],
      collect() {
        this.set(pool().queued);
      },
    });
    new Gauge({
      name: 'sshn_accuracy_level',
      help: '1 where models run at their most accurate setting, 0 at their cheapest, to hold the latency target.',
      registers: [this.#registry],
      collect() {
        this.set(share());
      },
    });
  }

  /** The text of /metrics, and its type. */
  async read(): Promise<{ readonly text: string; readonly type: string }> {
    return { text: await this.#registry.metrics(), type: this.#registry.contentType };
  }
}
