import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from './problem.js';
import { tooLarge } from './request.js';

/** What requests are let in by. */
export interface AdmissionOptions {
  /** A request needs one of them; where there are none, it needs none. */
  readonly apiKeys: readonly string[];
  /** Of one request. */
  readonly bodyBytes: number;
  /** Of all requests that are being received or wait, together. */
  readonly bufferBytes: number;
}

/** Decides which requests are let in, from their headers alone: what is refused is not received. */
export class Admission {
  readonly #digests: readonly Buffer[];
  #buffered = 0;

  /** @param requireRoom Throws a `RequestError` while no prediction is taken. */
  constructor(
    readonly options: AdmissionOptions,
    readonly requireRoom: () => void,
  ) {
    this.#digests = options.apiKeys.map(digest);
  }

  /** @throws {RequestError} 401 if the request has no valid key. */
  authorize({ headers }: FastifyRequest): void {
    if (this.#digests.length === 0) return;
    const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    const given = digest(bearer ?? String(headers['x-api-key'] ?? ''));
    // All are compared, so that the time says nothing about any.
    const isKnown = this.#digests.map((known) => timingSafeEqual(known, given)).some((isSame) => isSame);
    if (!isKnown)
      throw new RequestError(401, 'An API key is needed: Authorization: Bearer KEY, or x-api-key: KEY.', {
        'www-authenticate': 'Bearer',
      });
  }

  /** Lets a request with a body in. @throws {RequestError} 401, 413 or 503. */
  admit(request: FastifyRequest, reply: FastifyReply): void {
    this.authorize(request);
    const { bodyBytes, bufferBytes } = this.options;
    const length = request.headers['content-length'];
    if (length !== undefined && Number(length) > bodyBytes) throw tooLarge(bodyBytes);
    this.requireRoom();
    const bytes = length === undefined ? bodyBytes : Number(length);
    if (this.#buffered + bytes > bufferBytes)
      throw new RequestError(503, 'Too much data is being received already. Try again later.');
    this.#buffered += bytes;
    reply.raw.once('close', () => {
      this.#buffered -= bytes;
    });
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
