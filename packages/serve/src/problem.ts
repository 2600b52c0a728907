import { STATUS_CODES } from 'node:http';
import { SshnError } from '@sshn/core';
import { type AccuracyCostPoint, type Budget, BudgetError } from '@sshn/model';
import { QueueFullError, WorkerFaultError } from './pool.js';

/** A request that is refused, and how. */
export class RequestError extends SshnError {
  override readonly name = 'RequestError';

  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** An answer of the type application/problem+json. *Source*: RFC 9457. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** That no setting meets a budget: what `BudgetError` of @sshn/model says, for programs. */
export interface BudgetProblem extends Problem {
  readonly budget: Budget;
  readonly limit: keyof Budget;
  /** `null` where no setting is known to have all that is limited. */
  readonly by: number | null;
  readonly nearest: AccuracyCostPoint;
}

function budgetProblem({ message, budget, limit, by, nearest }: BudgetError): BudgetProblem {
  return { ...problemOf(422, message), budget, limit, by: Number.isNaN(by) ? null : by, nearest };
}

export const problemType = 'application/problem+json';

export function problemOf(status: number, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail };
}

/**
 * What a client gets to know of an error: the message of one that its request caused; of all others, nothing about this server.
 *
 * @returns `cause` where the error is for the log.
 */
export function explain(error: unknown): {
  readonly problem: Problem | BudgetProblem;
  readonly headers: Readonly<Record<string, string>>;
  readonly cause?: unknown;
} {
  const answer = (status: number, detail: string, headers = {}) => ({
    problem: problemOf(status, detail),
    headers,
  });
  if (error instanceof RequestError) return answer(error.status, error.message, error.headers);
  if (error instanceof BudgetError) return { problem: budgetProblem(error), headers: {} };
  if (error instanceof QueueFullError) return answer(503, error.message);
  if (error instanceof WorkerFaultError && error.fault.kind === 'input') return answer(422, error.message);
  if (error instanceof WorkerFaultError && error.fault.kind === 'memory') {
    const detail = 'The image needs more memory than this server has. Send a smaller one, or a part of it.';
    return { ...answer(413, detail), cause: error };
  }
  if (error instanceof SshnError && !(error instanceof WorkerFaultError)) return answer(422, error.message);
  const status = clientStatus(error);
  if (status !== undefined) return answer(status, sentences[status] ?? 'The request cannot be read.');
  return {
    ...answer(500, 'The server failed on this request. Its log says more.'),
    cause: error,
  };
}

/** Fastify's own errors of clients, in our words: theirs may quote what they were sent. */
const sentences: Readonly<Record<number, string>> = {
  400: 'The request is malformed.',
  404: 'There is nothing at this address.',
  408: 'The request came too slowly.',
  413: 'The request is larger than this server takes.',
  415: 'Requests of this content type are not read.',
};

function clientStatus(error: unknown): number | undefined {
  if (!(error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'))
    return undefined;
  return error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : undefined;
}
