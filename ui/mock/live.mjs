// Owns the mock's /api/live: just enough of a WebSocket (RFC 6455) for the page. Tells the last minute anew twice a second,
// where the real server tells what changed. `state.missing` and `state.down` hold here too.
import { createHash } from "node:crypto";
import { instantAnswer, rangeAnswer } from "./prometheus.mjs";
import { PromError } from "./promql.mjs";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const EVERY_MS = 500;
const REDONE_S = 60;

export function answerLive(state, request, socket) {
  socket.on("error", () => socket.destroy());
  if (state.down || state.missing.includes("/api/live") || request.url !== "/api/live") return socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
  if (state.token && !(request.headers["sec-websocket-protocol"] ?? "").includes(`spanlake.token.${Buffer.from(state.token).toString("base64url")}`)) return socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
  const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + GUID).digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: spanlake.live\r\n\r\n`);
  const subscriptions = new Map();
  let rest = Buffer.alloc(0);
  socket.on("data", (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let frame = readFrame(rest); frame; frame = readFrame(rest)) {
      rest = rest.subarray(frame.length);
      if (frame.opcode === 8) return socket.end();
      if (frame.opcode === 1) hear(subscriptions, JSON.parse(frame.text));
    }
  });
  const timer = setInterval(() => tell(socket, subscriptions), EVERY_MS);
  socket.on("close", () => clearInterval(timer));
  return undefined;
}

function readFrame(bytes) {
  if (bytes.length < 2) return null;
  const short = bytes[1] & 0x7f;
  const head = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < head + 4) return null;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  if (bytes.length < head + 4 + length) return null;
  const payload = Buffer.from(bytes.subarray(head + 4, head + 4 + length)).map((byte, place) => byte ^ bytes[head + (place % 4)]);
  return { opcode: bytes[0] & 0x0f, text: payload.toString(), length: head + 4 + length };
}

function hear(subscriptions, message) {
  if (message.op === "subscribe") subscriptions.set(message.id, { ...message, numbers: new Map() });
  else subscriptions.delete(message.id);
}

function tell(socket, subscriptions) {
  const changes = [...subscriptions.values()].flatMap((one) => changeOf(one) ?? []);
  if (changes.length === 0 || socket.destroyed) return;
  const payload = Buffer.from(JSON.stringify({ op: "batch", now: Date.now(), changes }));
  const head = payload.length < 126 ? Buffer.from([0x81, payload.length]) : payload.length < 65_536 ? Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff]) : Buffer.from([0x81, 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (payload.length >>> shift) & 0xff)]);
  socket.write(Buffer.concat([head, payload]));
}

function changeOf(one) {
  if (one.kind !== "range" && one.kind !== "instant") return null;
  const now = Date.now() / 1000;
  try {
    const end = one.kind === "range" ? Math.ceil(now / one.step) * one.step : now;
    const start = one.to === undefined ? Math.floor(one.from / one.step) * one.step : Math.max(one.to - REDONE_S, one.from);
    const answer = one.kind === "range" ? rangeAnswer(new URLSearchParams({ query: one.query, start, end, step: one.step })) : instantAnswer(new URLSearchParams({ query: one.query, time: now }));
    if (answer[0] !== 200) throw new PromError(answer[1].error);
    const isFirst = one.to === undefined;
    one.to = end;
    const series = answer[1].data.result.map(({ metric, values, value, histograms }) => {
      const key = JSON.stringify(metric);
      const isNew = !one.numbers.has(key);
      if (isNew) one.numbers.set(key, one.numbers.size);
      return { n: one.numbers.get(key), ...(isNew ? { metric } : {}), ...(value ? { values: [[0, value[1]]] } : values ? { values } : {}), ...(histograms ? { histograms } : {}) };
    });
    return { id: one.id, to: end, ...(isFirst ? { first: true } : {}), series };
  } catch (error) {
    if (!(error instanceof PromError)) throw error;
    return { id: one.id, error: error.message, errorType: "bad_data" };
  }
}
