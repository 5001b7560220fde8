/**
 * HTTP as OpenTelemetry wants it told: a server span for each request answered, a client span for each one made.
 *
 * Owns span names, the attributes of the HTTP semantic conventions and the `traceparent` header on both sides.
 * Never knows what the shop sells: routes come from the service, and so do their answers.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';

import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Runs `work` in a span that ends with it; what it throws becomes the span's error and an `exception` event. */
export async function inSpan(tracer, name, options, work, parent = context.active()) {
  return tracer.startActiveSpan(name, options, parent, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.recordException(error);
      span.setAttribute('error.type', error.name);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      span.end();
    }
  });
}

/**
 * A server on a free port of the loopback. `routes` maps 'GET /carts/{cart_id}' to an async function of
 * (path parameter, JSON body) that answers [status, JSON body].
 */
export async function startService(routes) {
  const tracer = trace.getTracer('shop.http.server', '1.0.0');
  const duration = metrics.getMeter('shop.http.server', '1.0.0').createHistogram('http.server.request.duration', {
    unit: 's',
    description: 'Duration of HTTP server requests.',
    advice: { explicitBucketBoundaries: DURATION_BUCKETS_S },
  });

  const server = createServer(async (request, response) => {
    const started = performance.now();
    const { route, parameter, handler } = findRoute(routes, request.method, request.url);
    const attributes = {
      'http.request.method': request.method,
      'url.scheme': 'http',
      'url.path': request.url,
      'server.address': '127.0.0.1',
      'server.port': server.address().port,
      'client.address': request.socket.remoteAddress,
      'network.protocol.version': request.httpVersion,
      ...(route && { 'http.route': route }),
    };
    const name = route ? `${request.method} ${route}` : request.method;
    const parent = propagation.extract(context.active(), request.headers);
    const [status, answer] = await inSpan(
      tracer,
      name,
      { kind: SpanKind.SERVER, attributes },
      async (span) => {
        const body = await readJson(request);
        const [status, answer] = handler ? await handler(parameter, body) : [404, { error: 'no such page' }];
        span.setAttribute('http.response.status_code', status);
        if (status >= 500) {
          span.setAttribute('error.type', String(status));
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        duration.record((performance.now() - started) / 1000, {
          'http.request.method': request.method,
          'http.route': route ?? '',
          'http.response.status_code': status,
          'url.scheme': 'http',
        });
        return [status, answer];
      },
      parent,
    );
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, close: () => server.close() };
}

/** Calls another service in a client span and carries the trace there; answers [status, JSON body]. */
export async function call(port, method, template, { parameter = '', body } = {}) {
  const tracer = trace.getTracer('shop.http.client', '1.0.0');
  const path = template.split('{')[0] + parameter;
  const attributes = {
    'http.request.method': method,
    'url.full': `http://127.0.0.1:${port}${path}`,
    'url.template': template,
    'server.address': '127.0.0.1',
    'server.port': port,
  };
  return inSpan(tracer, `${method} ${template}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    const headers = {};
    propagation.inject(context.active(), headers);
    const [status, answer] = await plainCall(port, method, path, { body, headers });
    span.setAttribute('http.response.status_code', status);
    if (status >= 400) {
      span.setAttribute('error.type', String(status));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    return [status, answer];
  });
}

/** A request that nobody traces, such as a customer's browser makes it. */
export async function plainCall(port, method, path, { body, headers = {} } = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: body && JSON.stringify(body),
  });
  return [response.status, await response.json()];
}

/** The route's template and parameter; names come from templates, so there are only ever a few. */
function findRoute(routes, method, path) {
  for (const [key, handler] of Object.entries(routes)) {
    const [routeMethod, route] = key.split(' ');
    const [prefix, hasParameter] = route.split('{');
    const matches = hasParameter ? path.startsWith(prefix) : path === route;
    if (routeMethod === method && matches) return { route, parameter: path.slice(prefix.length), handler };
  }
  return { parameter: '' };
}

async function readJson(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return JSON.parse(text || '{}');
}
