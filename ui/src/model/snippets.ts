// Owns what to paste so that an application of each language sends its telemetry here. Pure text.
import { texts } from "../texts";

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
      note: texts.empty.notes.python,
      text: `pip install opentelemetry-distro opentelemetry-exporter-otlp\nopentelemetry-bootstrap -a install\n${exports([...overHttp, "OTEL_LOGS_EXPORTER=otlp"])}\nopentelemetry-instrument python app.py`,
    },
    {
      key: "node",
      title: "Node.js",
      note: texts.empty.notes.node,
      text: `npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node\n${exports(overHttp)}\nnode --require @opentelemetry/auto-instrumentations-node/register app.js`,
    },
    {
      key: "java",
      title: "Java",
      note: texts.empty.notes.java,
      text: `${exports(overHttp)}\njava -javaagent:opentelemetry-javaagent.jar -jar app.jar`,
    },
    {
      key: "go",
      title: "Go",
      note: texts.empty.notes.go,
      text: exports(overHttp),
    },
    {
      key: "dotnet",
      title: ".NET",
      note: texts.empty.notes.dotnet,
      text: exports(overHttp),
    },
    {
      key: "rust",
      title: "Rust",
      note: texts.empty.notes.rust,
      text: exports([`OTEL_SERVICE_NAME=my-service`, `OTEL_EXPORTER_OTLP_ENDPOINT=${grpc}`, `OTEL_EXPORTER_OTLP_PROTOCOL=grpc`]),
    },
    {
      key: "php",
      title: "PHP",
      note: texts.empty.notes.php,
      text: exports(["OTEL_PHP_AUTOLOAD_ENABLED=true", ...overHttp]),
    },
    {
      key: "ruby",
      title: "Ruby",
      note: texts.empty.notes.ruby,
      text: exports(overHttp),
    },
    {
      key: "browser",
      title: "Browser",
      note: texts.empty.notes.browser,
      text: `import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";\n\nconst exporter = new OTLPTraceExporter({\n  url: "${http}/v1/traces",\n});`,
    },
    {
      key: "curl",
      title: "curl",
      note: texts.empty.notes.curl,
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
