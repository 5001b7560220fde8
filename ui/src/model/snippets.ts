// Owns what to paste so that an application of each language sends its telemetry here. Pure text.

export interface Snippet {
  key: string;
  title: string;
  /** A sentence on what the text below does. */
  note: string;
  text: string;
}

/** Port of a listening address like `127.0.0.1:4318` or `[::]:4318`. */
export function portOf(address: string, fallback: number): number {
  const match = /:(\d+)$/.exec(address);
  return match ? Number(match[1]) : fallback;
}

export function snippets(host: string, httpPort: number, grpcPort: number): Snippet[] {
  const http = `http://${host}:${httpPort}`;
  const grpc = `http://${host}:${grpcPort}`;
  const exports = (lines: string[]): string => lines.map((line) => `export ${line}`).join("\n");
  const overHttp = [`OTEL_SERVICE_NAME=my-service`, `OTEL_EXPORTER_OTLP_ENDPOINT=${http}`, `OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`];
  return [
    {
      key: "python",
      title: "Python",
      note: "Traces, metrics and logs without a change to the code.",
      text: `pip install opentelemetry-distro opentelemetry-exporter-otlp\nopentelemetry-bootstrap -a install\n${exports([...overHttp, "OTEL_LOGS_EXPORTER=otlp"])}\nopentelemetry-instrument python app.py`,
    },
    {
      key: "node",
      title: "Node.js",
      note: "The automatic instrumentation, loaded before the application.",
      text: `npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node\n${exports(overHttp)}\nnode --require @opentelemetry/auto-instrumentations-node/register app.js`,
    },
    {
      key: "java",
      title: "Java",
      note: "The Java agent sends traces, metrics and logs.",
      text: `${exports(overHttp)}\njava -javaagent:opentelemetry-javaagent.jar -jar app.jar`,
    },
    {
      key: "go",
      title: "Go",
      note: "Read by the OTLP exporters of the Go SDK (otlptracehttp, otlpmetrichttp, otlploghttp).",
      text: exports(overHttp),
    },
    {
      key: "dotnet",
      title: ".NET",
      note: "Read by AddOtlpExporter(), and by the automatic instrumentation.",
      text: exports(overHttp),
    },
    {
      key: "rust",
      title: "Rust",
      note: "Read by opentelemetry-otlp, here over gRPC with tonic.",
      text: exports([`OTEL_SERVICE_NAME=my-service`, `OTEL_EXPORTER_OTLP_ENDPOINT=${grpc}`, `OTEL_EXPORTER_OTLP_PROTOCOL=grpc`]),
    },
    {
      key: "php",
      title: "PHP",
      note: "With the opentelemetry extension and SDK autoloading.",
      text: exports(["OTEL_PHP_AUTOLOAD_ENABLED=true", ...overHttp]),
    },
    {
      key: "ruby",
      title: "Ruby",
      note: "Read by OpenTelemetry::SDK.configure with opentelemetry-exporter-otlp.",
      text: exports(overHttp),
    },
    {
      key: "browser",
      title: "Browser",
      note: "The exporters of the web SDK take the address directly.",
      text: `import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";\n\nconst exporter = new OTLPTraceExporter({\n  url: "${http}/v1/traces",\n});`,
    },
    {
      key: "curl",
      title: "curl",
      note: "One span by hand, to see that the way is open.",
      text: curlSnippet(http),
    },
  ];
}

function curlSnippet(http: string): string {
  return `now=$(date +%s)
curl -sS ${http}/v1/traces -H 'Content-Type: application/json' -d '{
  "resourceSpans": [{
    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "hello"}}]},
    "scopeSpans": [{"spans": [{
      "traceId": "'$(od -An -tx1 -N16 /dev/urandom | tr -d ' \\n')'",
      "spanId": "'$(od -An -tx1 -N8 /dev/urandom | tr -d ' \\n')'",
      "name": "first span", "kind": 1,
      "startTimeUnixNano": "'$now'000000000", "endTimeUnixNano": "'$now'250000000"
    }]}]
  }]
}'`;
}
