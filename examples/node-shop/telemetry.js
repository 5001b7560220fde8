/**
 * Telemetry of one service: the three OpenTelemetry providers and what they have been given so far.
 *
 * Owns which exporter is used and how it is switched off again. Where to send, how compressed and how often is
 * read from the standard OTEL_* environment variables; this module never overrides them, and never knows
 * anything about the shop.
 */
import { randomUUID } from 'node:crypto';

import { metrics } from '@opentelemetry/api';
import { logs, SeverityNumber } from '@opentelemetry/api-logs';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

export const protocol = process.env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf';

const TRACE_IDS_MAX = 10_000; // a demo may run for days

/** The package name's ending for each protocol that OTEL_EXPORTER_OTLP_PROTOCOL can name. */
const PACKAGES = { grpc: 'grpc', 'http/protobuf': 'proto', 'http/json': 'http' };

/** Starts the telemetry of a service; `shutdown` of what it returns sends the rest and tells what was sent. */
export async function startTelemetry(serviceName) {
  const sent = { traceIds: new Set(), spans: 0, logs: 0 };
  const { OTLPTraceExporter, OTLPMetricExporter, OTLPLogExporter } = await loadExporters();
  const ours = resourceFromAttributes({
    'service.name': serviceName,
    'service.namespace': 'node-shop',
    'service.version': '1.0.0',
    'service.instance.id': randomUUID(),
    'deployment.environment.name': 'demo',
  });
  const resource = defaultResource().merge(ours); // the default names the SDK

  const tracerProvider = new NodeTracerProvider({
    resource,
    spanProcessors: [countSpans(sent), new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  tracerProvider.register(); // also the W3C propagator and a context that follows async calls

  const exportIntervalMillis = Number(process.env.OTEL_METRIC_EXPORT_INTERVAL || 60_000);
  const meterProvider = new MeterProvider({
    resource,
    // Amounts differ by orders of magnitude, so their histogram gets buckets that grow with the value.
    views: [
      { instrumentName: 'shop.payment.amount', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
    ],
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter(),
        exportIntervalMillis,
        exportTimeoutMillis: Math.min(exportIntervalMillis, 30_000),
      }),
    ],
  });
  metrics.setGlobalMeterProvider(meterProvider);

  const loggerProvider = new LoggerProvider({
    resource,
    processors: [countLogs(sent), new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })],
  });
  logs.setGlobalLoggerProvider(loggerProvider);

  return {
    async shutdown() {
      const providers = [tracerProvider, loggerProvider, meterProvider];
      // A shop whose telemetry cannot be delivered still closes in order; it only says so.
      for (const result of await Promise.allSettled(providers.map((provider) => provider.shutdown()))) {
        if (result.status === 'rejected') console.error(`telemetry was lost: ${result.reason}`);
      }
      return sent;
    },
  };
}

/** A logger whose records carry the trace context of whoever calls it. */
export function getLogger(name) {
  const logger = logs.getLogger(name, '1.0.0');
  const emit = (severityText, body, attributes = {}, exception = undefined) =>
    logger.emit({
      severityNumber: SeverityNumber[severityText],
      severityText,
      body,
      attributes: { ...attributes, ...exceptionAttributes(exception) },
    });
  return {
    info: (body, attributes) => emit('INFO', body, attributes),
    error: (body, attributes, exception) => emit('ERROR', body, attributes, exception),
  };
}

function exceptionAttributes(exception) {
  if (!exception) return {};
  return {
    'exception.type': exception.name,
    'exception.message': exception.message,
    'exception.stacktrace': exception.stack,
  };
}

async function loadExporters() {
  const ending = PACKAGES[protocol];
  if (!ending) throw new Error(`OTEL_EXPORTER_OTLP_PROTOCOL=${protocol}: expected grpc, http/protobuf or http/json`);
  const [trace, metric, log] = await Promise.all([
    import(`@opentelemetry/exporter-trace-otlp-${ending}`),
    import(`@opentelemetry/exporter-metrics-otlp-${ending}`),
    import(`@opentelemetry/exporter-logs-otlp-${ending}`),
  ]);
  return { ...trace, ...metric, ...log };
}

/** Counts finished spans beside the batch processor, which does not tell. */
function countSpans(sent) {
  return {
    onStart() {},
    onEnd(span) {
      sent.spans += 1;
      if (sent.traceIds.size < TRACE_IDS_MAX) sent.traceIds.add(span.spanContext().traceId);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}

/** Counts log records, likewise. */
function countLogs(sent) {
  return {
    onEmit() {
      sent.logs += 1;
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}
