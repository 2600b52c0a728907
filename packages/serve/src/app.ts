import multipart from '@fastify/multipart';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { z } from 'zod';
import description from '../package.json' with { type: 'json' };
import { Admission, type AdmissionOptions } from './admission.js';
import type { LatencyController } from './controller.js';
import { Metrics } from './metrics.js';
import type { WorkerPool } from './pool.js';
import { explain, problemOf, problemType, RequestError } from './problem.js';
import type { AnswerFile, Prediction, WorkRequest } from './protocol.js';
import {
  type Choice,
  formLimits,
  predictSettings,
  readSettings,
  readUpload,
  registerSettings,
} from './request.js';
import { amountsOf, modelOf, schemas } from './schemas.js';
import { type ChosenSetting, type ModelEntry, modelIn } from './settings.js';
import { registerWork, segmentWork, type Work } from './work.js';

/** What the routes work with. */
export interface AppOptions extends AdmissionOptions {
  readonly pool: WorkerPool;
  readonly models: ReadonlyMap<string, ModelEntry>;
  readonly controller: LatencyController | undefined;
  /** From the arrival of a request to its answer. */
  readonly timeoutMs: number;
  /** That a client may take to send its headers, and all of a request. */
  readonly headersMs: number;
  readonly receiveMs: number;
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info';
}

/** The HTTP side of a service. */
export interface App {
  readonly server: FastifyInstance;
  readonly metrics: Metrics;
  /** Refuses predictions from now on. */
  refuse(): void;
}

/** Makes the server with all routes; it does not listen yet. */
export async function createApp(options: AppOptions): Promise<App> {
  const { pool, models, controller, bodyBytes, timeoutMs } = options;
  let isDraining = false;
  const metrics = new Metrics(
    () => pool.state,
    () => controller?.share ?? 1,
  );
  const server = fastify({
    bodyLimit: bodyBytes,
    requestTimeout: options.receiveMs,
    // Of a socket on which nothing happens: a client that does not read its answer.
    connectionTimeout: timeoutMs + options.receiveMs,
    keepAliveTimeout: 5000,
    http: {
      headersTimeout: options.headersMs,
      connectionsCheckingInterval: Math.min(1000, options.headersMs),
    },
    routerOptions: { maxParamLength: 200 },
    logger: options.logLevel === 'silent' ? false : { level: options.logLevel, stream: process.stderr },
    clientErrorHandler(error, socket) {
      if (!socket.writable) {
        socket.destroy();
        return;
      }
      const isSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
      const isLarge = error.code === 'HPE_HEADER_OVERFLOW';
      const problem = isSlow
        ? problemOf(408, 'The request came too slowly.')
        : problemOf(isLarge ? 431 : 400, isLarge ? 'The headers are too large.' : 'This is no HTTP request.');
      const text = JSON.stringify(problem);
      socket.end(
        `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: ${problemType}\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
      );
    },
  });
  // Requests are checked by the schemas of request.ts, of which those of the documentation are made.
  server.setValidatorCompiler(() => () => true);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  await server.register(multipart, { limits: { ...formLimits, fileSize: bodyBytes } });
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'sshn serve', description: description.description, version: description.version },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        },
      },
    },
  });

  const send = (reply: FastifyReply, error: unknown, request: FastifyRequest): FastifyReply => {
    const { problem, headers, cause } = explain(error);
    if (cause !== undefined) request.log.error(cause);
    if (problem.status === 503) reply.header('retry-after', retryAfter());
    return reply.code(problem.status).headers(headers).type(problemType).send(JSON.stringify(problem));
  };
  server.setErrorHandler((error, request, reply) => send(reply, error, request));
  server.setNotFoundHandler((request, reply) =>
    send(reply, new RequestError(404, 'There is nothing at this address. See /openapi.json.'), request),
  );

  /** Seconds until the queue is likely to have room, from what recent requests took. */
  let usualMs = 1000;
  const retryAfter = (): number => {
    const { queued, total } = pool.state;
    return Math.min(60, Math.max(1, Math.ceil((usualMs * (queued + 1)) / total / 1000)));
  };
  const load = () => ({ now: performance.now(), queued: pool.state.queued, workers: pool.state.total });

  const admission = new Admission(options, () => {
    if (isDraining) throw new RequestError(503, 'The service is about to end.');
    if (pool.isFull || controller?.isOverloaded(load()))
      throw new RequestError(503, 'Too many requests wait already. Try again later.');
  });
  const guarded = { onRequest: async (request: FastifyRequest) => admission.authorize(request) };

  /** Answers requests for models of a task: `toWork` says what a worker does for one. */
  const route = <Schema extends z.ZodType<Choice & { readonly format: string }>>(
    task: WorkRequest['task'],
    schema: Schema,
    toWork: (of: Work<z.infer<Schema>>) => WorkRequest,
  ) => {
    return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const query = request.query as Record<string, unknown>;
      readSettings(schema, query);
      const upload = await readUpload(request, bodyBytes);
      const settings = readSettings(schema, { ...query, ...upload.fields });
      const entry = modelIn(models, settings.model, task);
      const { name } = entry.facts;
      const { signal, dispose } = limitOf(reply, timeoutMs);
      try {
        if (settings.milliseconds !== undefined) await entry.whenMeasured(signal);
        // Now, so that what does not fit is refused at once.
        let chosen: ChosenSetting = entry.choose(settings, controller);
        toWork({ entry, setting: chosen.setting, settings, files: upload.files });
        const arrived = performance.now();
        let began = arrived;
        const prediction = await pool.run(() => {
          began = performance.now();
          chosen = entry.choose(settings, controller);
          return toWork({ entry, setting: chosen.setting, settings, files: upload.files });
        }, signal);
        const done = performance.now();
        usualMs += 0.1 * (done - began - usualMs);
        controller?.record({ arrived, began, done }, load());
        metrics.latency.observe({ model: name }, (done - arrived) / 1000);
        metrics.waited.observe((began - arrived) / 1000);
        for (const factor of prediction.setting.factors) metrics.factor.observe({ model: name }, factor);
        return respond(reply, { name, prediction, chosen, waited: began - arrived, format: settings.format });
      } finally {
        dispose();
      }
    };
  };

  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.requests.inc({ route, status: reply.statusCode });
    done();
  });
  server.addHook('onSend', (_, reply, payload, done) => {
    if (isDraining) reply.header('connection', 'close');
    done(null, payload);
  });
  const admitted = {
    onRequest: async (request: FastifyRequest, reply: FastifyReply) => admission.admit(request, reply),
  };
  server.post(
    '/predict',
    { schema: schemas.predict, ...admitted },
    route('segmentation', predictSettings, segmentWork),
  );
  server.post(
    '/register',
    { schema: schemas.register, ...admitted },
    route('registration', registerSettings, registerWork),
  );
  server.get('/models', { schema: schemas.models, ...guarded }, () => [...models.values()].map(modelOf));
  server.get<{ Params: { name: string } }>(
    '/models/:name',
    { schema: schemas.model, ...guarded },
    ({ params }) => modelOf(modelIn(models, params.name)),
  );
  server.get<{ Params: { name: string } }>(
    '/models/:name/pareto',
    { schema: schemas.paretoOf, ...guarded },
    ({ params }) => paretoOf(modelIn(models, params.name)),
  );
  server.get<{ Querystring: { model?: unknown } }>(
    '/pareto',
    { schema: schemas.pareto, ...guarded },
    ({ query }) => paretoOf(modelIn(models, query.model)),
  );
  server.get('/healthz', { schema: schemas.health }, () => ({ status: 'ok' }));
  server.get('/readyz', { schema: schemas.ready }, (_, reply) => {
    const { total, idle, busy, queued } = pool.state;
    const isReady = !isDraining && idle + busy > 0;
    reply.code(isReady ? 200 : 503);
    const status = isDraining
      ? 'ending'
      : idle + busy === total
        ? 'ready'
        : isReady
          ? 'degraded'
          : 'starting';
    return { status, workers: { ready: idle + busy, total }, queued };
  });
  server.get('/metrics', { schema: schemas.metrics, ...guarded }, async (_, reply) => {
    const { text, type } = await metrics.read();
    return reply.type(type).send(text);
  });
  server.get('/openapi.json', { schema: { hide: true } }, () => server.swagger());
  await server.ready();
  return {
    server,
    metrics,
    refuse: () => {
      isDraining = true;
    },
  };
}

/** Aborted when a prediction takes too long, or its client is gone. */
function limitOf(reply: FastifyReply, timeoutMs: number): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new RequestError(504, `The prediction took longer than ${timeoutMs / 1000} s.`)),
    timeoutMs,
  );
  const onClose = (): void => controller.abort(new RequestError(499, 'The client is gone.'));
  reply.raw.once('close', onClose);
  if (reply.raw.destroyed) onClose();
  return {
    signal: controller.signal,
    dispose: () => {
      clearTimeout(timer);
      reply.raw.off('close', onClose);
    },
  };
}

function paretoOf({ facts: { name, points }, measured, cascade }: ModelEntry) {
  return { model: name, points, measured, cascade };
}

function respond(
  reply: FastifyReply,
  given: {
    readonly name: string;
    readonly prediction: Prediction;
    readonly chosen: ChosenSetting;
    readonly waited: number;
    readonly format: string;
  },
): FastifyReply | Promise<FastifyReply> {
  const { name, prediction, chosen, waited, format } = given;
  const { files, setting, labels, figures, cascade, shape, notes, milliseconds } = prediction;
  const predicted = cascade?.predictedDice;
  reply.headers({
    'x-sshn-model': name,
    'x-sshn-factor': setting.factors.join(', '),
    'x-sshn-width': String(setting.width),
    'x-sshn-resolution': String(setting.resolution),
    ...(typeof predicted?.mean === 'number' ? { 'x-sshn-predicted-dice': String(predicted.mean) } : {}),
    'server-timing': `queue;dur=${waited.toFixed(1)}, predict;dur=${milliseconds.toFixed(1)}`,
  });
  const answer = {
    model: name,
    factor: setting.factors,
    width: setting.width,
    resolution: setting.resolution,
    reason: cascade?.reason ?? chosen.reason,
    ...(predicted === undefined
      ? {}
      : { predictedDice: { mean: predicted.mean, error: predicted.error }, spent: cascade?.spent }),
    shape,
    ...(labels === undefined
      ? {}
      : {
          // The background, the first, has no predicted Dice.
          labels: labels.map((amount, i) =>
            amountsOf(
              amount,
              i === 0 || predicted === undefined ? undefined : (predicted.labels[i - 1] ?? null),
            ),
          ),
        }),
    ...(figures === undefined ? {} : { figures }),
    notes,
    milliseconds: { queue: waited, predict: milliseconds },
  };
  if (format === 'form') return sendForm(reply, files, answer);
  const [file] = files;
  if (file === undefined) return reply.type('application/json').send(answer);
  return reply
    .type(file.type)
    .header('content-disposition', `attachment; filename="${file.name}"`)
    .send(Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength));
}

/** All files of an answer, and in the field `answer` what is said of them. */
async function sendForm(
  reply: FastifyReply,
  files: readonly AnswerFile[],
  answer: object,
): Promise<FastifyReply> {
  const form = new FormData();
  for (const { field, bytes, type, name } of files)
    form.set(field, new Blob([Uint8Array.from(bytes)], { type }), name);
  form.set('answer', JSON.stringify(answer));
  const encoded = new Response(form);
  const type = encoded.headers.get('content-type')!;
  return reply.type(type).send(Buffer.from(await encoded.arrayBuffer()));
}
