// Owns a stand-in for the real server: docs/api.md over generated data, and `dist` with the headers of the real one.
// Never used in production.
import { samplingReport } from "./sampling.mjs";
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { answerBoards } from "./boards.mjs";
import { traceCompare, traceFacets, traceHeatmap } from "./explore.mjs";
import { FilterError } from "./filter.mjs";
import { answerLive } from "./live.mjs";
import { looseLogs } from "./logs.mjs";
import { largeMap, serviceMap } from "./map.mjs";
import { metricList, metricSeries } from "./metrics.mjs";
import { answerMysql } from "./mysql.mjs";
import { answerPrometheus } from "./prometheus.mjs";
import { skeletonBytes } from "./skeleton.mjs";
import { asCsv, runStatement } from "./sql.mjs";
import { createStore, listOperations, listServices, listTraces } from "./store.mjs";
import { spanPeers, traceShape } from "./shape.mjs";
import { tagNames, tagValues, traceqlSeries } from "./tempo.mjs";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const policy = (ancestors) => `default-src 'self'; img-src 'self' data:; style-src 'self'; connect-src 'self'; frame-ancestors ${ancestors}; base-uri 'none'`;
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

export function startMock({ port = 0, empty = false, token = null } = {}) {
  const state = { empty, token, down: false, cold: null, missing: [], searchBound: null, searchStepMs: 0, frameAncestors: "'none'", mapNodes: 0, store: createStore(), looseLogs: looseLogs(BigInt(Date.now()) * 1_000_000n), saidLogs: [], startedAt: Date.now() };
  const server = createServer((request, response) => {
    if (state.down) return request.socket.destroy();
    const address = new URL(request.url, "http://localhost");
    if (address.pathname === "/metrics") return sendBytes(response, 200, "text/plain; version=0.0.4", Buffer.from("# own metrics of the server\n"));
    if (!/^\/(api|tempo|prometheus\/api)\//.test(address.pathname)) return serveFile(address.pathname, response, state.frameAncestors);
    readBody(request).then((body) => answerApi(state, address, request, body, response)).catch((error) => sendJson(response, 500, { error: { code: "internal", message: String(error) } }));
  });
  const sockets = new Set();
  server.on("upgrade", (request, socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    answerLive(state, request, socket);
  });
  const cutLive = () => sockets.forEach((socket) => socket.destroy());
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve({ state, cutLive, url: `http://127.0.0.1:${server.address().port}`, close: () => { cutLive(); server.closeAllConnections(); server.close(); } })));
}

function serveFile(pathname, response, ancestors) {
  const path = normalize(join(DIST, pathname));
  const file = path.startsWith(DIST) && extname(path) !== "" && existsSync(path) ? path : join(DIST, "index.html");
  if (!existsSync(file)) return sendJson(response, 404, { error: { code: "not_found", message: "dist is missing: npm run build" } });
  response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream", "Content-Security-Policy": policy(ancestors), "X-Content-Type-Options": "nosniff" });
  return createReadStream(file).pipe(response);
}

async function readBody(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

function sendJson(response, status, value) {
  sendBytes(response, status, "application/json", Buffer.from(JSON.stringify(value)));
}

function sendBytes(response, status, type, bytes) {
  response.writeHead(status, { "Content-Type": type, "Content-Encoding": "gzip", "Cache-Control": "no-store" });
  response.end(gzipSync(bytes, { level: 1 }));
}

/** What the list of traces asks beside its traces. A route in `state.missing` is unknown, as to an older server. */
function answerExplore(state, store, pathname, search) {
  if (pathname === "/api/traces") return listTraces(store, search, state.searchBound);
  if (pathname === "/api/traces/facets") return traceFacets(store, search);
  if (pathname === "/api/traces/heatmap") return traceHeatmap(store, search);
  if (pathname === "/api/traces/compare") return traceCompare(store, search);
  if (pathname === "/api/service-map") return state.mapNodes > 0 ? largeMap(state.mapNodes) : serviceMap(store, search);
  if (pathname === "/tempo/api/v2/search/tags") return tagNames(store);
  if (/^\/tempo\/api\/metrics\/query(_range)?$/.test(pathname)) return traceqlSeries(store, search, pathname.endsWith("_range"));
  const tag = /^\/tempo\/api\/v2\/search\/tag\/(.+)\/values$/.exec(pathname);
  return tag ? tagValues(store, decodeURIComponent(tag[1])) : null;
}

/** A page of traces a line each, with progress between them; `state.searchStepMs` is how long each part takes. */
async function tellList(state, list, response) {
  const { traces, ...done } = list;
  response.writeHead(200, { "Content-Type": "application/x-ndjson", "Cache-Control": "no-store" });
  const say = (line) => response.write(`${JSON.stringify(line)}\n`);
  for (let told = 0; told < traces.length && state.searchStepMs > 0; told += 5) {
    if (told > 0) traces.slice(told - 5, told).forEach((trace) => say({ trace }));
    say({ progress: { found: told, looked_at: told * 3, searched_back_to: traces[told].start_time, files_read: Math.round((told / traces.length) * 9), files_total: 9, bytes_scanned: 1000 } });
    await new Promise((next) => setTimeout(next, state.searchStepMs));
    if (response.destroyed) return;
  }
  traces.slice(state.searchStepMs > 0 ? 5 * (Math.ceil(traces.length / 5) - 1) : 0).forEach((trace) => say({ trace }));
  say(state.searchError ? { error: { code: "out_of_memory", message: state.searchError } } : { done });
  response.end();
}

function answerApi(state, address, request, body, response) {
  const { pathname, searchParams: search } = address;
  const send = (value, status = 200) => sendJson(response, status, value);
  if (state.token && request.headers.authorization !== `Bearer ${state.token}`) return send({ error: { code: "unauthorized", message: "a token is wanted" } }, 401);
  const store = state.empty ? [] : state.store;
  if (pathname.startsWith("/api/mysql") && !state.missing.includes("/api/mysql")) return answerMysql(state, pathname, search).then((answer) => (answer ? send(answer[1], answer[0]) : send({ error: { code: "not_found", message: "no such route" } }, 404)));
  if (pathname === "/api/status") return send(statusOf(state));
  if (state.missing.includes(pathname)) return send({ error: { code: "not_found", message: "no such route" } }, 404);
  try {
    const explored = answerExplore(state, store, pathname, search);
    if (explored && pathname === "/api/traces" && request.headers.accept?.includes("application/x-ndjson") && !state.missing.includes("lines")) return tellList(state, explored, response);
    if (explored) return send(explored);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return send({ error: { code: "invalid_query", message: error.message, line: 1, column: error.column } }, 400);
  }
  if (pathname === "/api/sampling") return send({ sampling: state.sampling ? samplingReport() : null, door: null });
  if (pathname === "/api/pins") return send({ pins: [], in_force: state.sampling === true });
  if (/^\/api\/traces\/[^/]+\/why$/.test(pathname)) return send({ rows: 1, undecided_rows: 1, stored: [], outlook: null, is_sampled: false });
  const beside = /^\/api\/traces\/([^/]+)\/(shape|peers)$/.exec(pathname);
  if (beside) {
    const answer = beside[2] === "shape" ? traceShape(store, beside[1]) : spanPeers(store, beside[1], search.get("span_id"));
    return answer ? send(answer) : send({ error: { code: "not_found", message: "no such trace" } }, 404);
  }
  if (pathname === "/api/services") return send({ services: listServices(store) });
  if (pathname === "/api/operations") return send({ operations: listOperations(store, search.get("service")) });
  if (pathname === "/api/metrics") return send({ metrics: state.empty ? [] : metricList() });
  if (pathname === "/api/metrics/series") {
    const answer = metricSeries(search.get("name"), search.get("start"), search.get("end"), Number(search.get("max_points") ?? 600), Number(search.get("max_series") ?? 20));
    return answer ? send(answer) : send({ error: { code: "not_found", message: "no such metric" } }, 404);
  }
  if (pathname.startsWith("/prometheus/api/v1/")) {
    const [status, value] = answerPrometheus(state, pathname.slice("/prometheus/api/v1".length), new URLSearchParams([...search, ...new URLSearchParams(request.method === "POST" ? body : "")]));
    return send(value, status);
  }
  if (pathname === "/api/boards" || pathname.startsWith("/api/boards/")) return answerBoards(state, request, address, body, response);
  if (pathname === "/api/sql") return answerSql(JSON.parse(body), state, response);
  const trace = /^\/api\/traces\/(.+)$/.exec(pathname);
  if (trace) return answerTrace(store, decodeURIComponent(trace[1]), search, response);
  return send({ error: { code: "not_found", message: "no such route" } }, 404);
}

function answerSql({ query, format = "json" }, state, response) {
  const answer = runStatement(query, state);
  if (answer.error) return sendJson(response, 400, answer);
  if (format === "json") return sendJson(response, 200, answer);
  return sendBytes(response, 200, format === "csv" ? "text/csv" : "application/octet-stream", Buffer.from(format === "csv" ? asCsv(answer) : "ARROW1"));
}

function answerTrace(store, id, search, response) {
  const trace = store.find((candidate) => candidate.trace_id === id);
  if (!trace) return sendJson(response, 404, { error: { code: "trace_not_found", message: `no trace ${id}` } });
  if (search.get("view") === "skeleton") return sendBytes(response, 200, "application/vnd.apache.arrow.stream", Buffer.from(skeletonBytes(trace)));
  const spanId = search.get("span_id");
  const keep = (entry) => !spanId || entry.span_id === spanId;
  return sendJson(response, 200, { trace_id: id, spans: trace.spans.filter(keep), logs: trace.logs.filter(keep) });
}

function statusOf(state) {
  const spans = state.empty ? 0 : state.store.reduce((sum, trace) => sum + trace.spans.length, 0);
  return { version: "0.1.0", uptime_seconds: Math.round((Date.now() - state.startedAt) / 1000), ready: true, otlp_grpc: "127.0.0.1:4317", otlp_http: "127.0.0.1:4318", data_dir: "./data", accepted: { spans, logs: 120, points: 4000 }, hot_bytes: 123456, log_bytes: 99999, hot_file_bytes: 5_000_000, cold: { url: "./data/cold", state: "ready", message: null, since: "2026-11-21T10:00:00Z", files: 3, bytes: 900_000, rows: 20_000, waiting_bytes: 0, ...state.cold }, files: 9, empty: state.empty };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock({ port: Number(process.env.PORT ?? 4300), empty: process.env.MOCK === "empty", token: process.env.MOCK_TOKEN ?? null });
  process.stdout.write(`mock on ${mock.url}\n`);
}
