// Owns the mock's MySQL routes: which question is answered by whom, ranges, unknown servers, and the long poll that waits
// for the next measurement.
import { nanosecondsOrRfc } from "./mysqlTime.mjs";
import { digestDetail, digestList, spanDetail } from "./mysqlDigests.mjs";
import { eventsOf, innodbOf, tablesOf, variablesOf } from "./mysqlInside.mjs";
import { figuresAt, isDown, SERVERS, serverAt, serverNamed } from "./mysqlServers.mjs";
import { locksAt, statementsAt, waitsAt } from "./mysqlWork.mjs";

const EPOCH_MS = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
const RING = 600;
const seqAt = (ms) => Math.floor((ms - EPOCH_MS) / 1000);

function pointsAfter(state, server, after, seq) {
  const from = Math.max(after === null ? seq - RING + 1 : after + 1, seq - RING + 1);
  const points = [];
  for (let at = from; at <= seq; at++) {
    const ms = EPOCH_MS + at * 1000;
    const isGap = server.down || (isDown(state, server) && ms >= (state.mysqlDownSince ?? 0));
    if (!isGap) points.push({ time: new Date(ms).toISOString(), figures: { ...figuresAt(state, server, ms), ...(server.locks ? { lock_waits_now: waitsAt(server, ms) } : {}) } });
  }
  return points;
}

const serverNow = (state, server, ms) => serverAt(state, server, ms, waitsAt(server, ms));

async function live(state, server, search) {
  const after = search.get("after") === null ? null : Number(search.get("after"));
  const waitMs = Math.min(Number.parseInt(search.get("wait") ?? "10", 10), 20) * 1000;
  if (after !== null && after >= seqAt(Date.now())) await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, 1000 - (Date.now() % 1000) + 5)));
  const ms = Date.now();
  const seq = seqAt(ms);
  const down = isDown(state, server);
  return { seq, server: serverNow(state, server, ms), points: pointsAfter(state, server, after, seq), statements: down ? [] : statementsAt(server, ms), locks: down ? [] : locksAt(server, ms) };
}

function spanOf(state, search) {
  const trace = state.store.find((one) => one.trace_id === search.get("trace_id"));
  const span = trace?.spans.find((one) => one.span_id === search.get("span_id"));
  return spanDetail(SERVERS[0], span, locksAt(SERVERS[0], Date.now()), Date.now());
}

/** Null where the route is none of these; otherwise status and value. */
export async function answerMysql(state, pathname, search) {
  const isEmpty = state.empty || state.mysqlEmpty;
  if (pathname === "/api/mysql") return [200, { servers: isEmpty ? [] : SERVERS.map((server) => serverNow(state, server, Date.now())) }];
  const route = /^\/api\/mysql\/(\w+)$/.exec(pathname)?.[1];
  if (!route) return null;
  if (route === "span") return [200, spanOf(state, search)];
  const server = isEmpty ? undefined : serverNamed(search.get("server"));
  if (!server) return [404, { error: { code: "not_found", message: `no MySQL server is called ${search.get("server")}` } }];
  const now = Date.now();
  const [startMs, endMs] = [nanosecondsOrRfc(search.get("start")) ?? now - 3_600_000, nanosecondsOrRfc(search.get("end")) ?? now];
  if (route === "live") return [200, await live(state, server, search)];
  if (route === "digests") return [200, { digests: digestList(server, search, startMs, endMs), searched_from: new Date(startMs).toISOString() }];
  if (route === "digest") {
    const detail = digestDetail(server, search.get("digest"), startMs, endMs);
    return detail ? [200, detail] : [404, { error: { code: "not_found", message: "no such digest in this range" } }];
  }
  if (route === "events") return [200, { events: eventsOf(server).filter((one) => Date.parse(one.time) >= startMs).slice(0, Number(search.get("limit") ?? 200)) }];
  if (route === "variables") return [200, variablesOf(server)];
  if (route === "innodb") return [200, innodbOf(state, server, now)];
  if (route === "tables") return [200, { tables: tablesOf(server, Number(search.get("limit") ?? 50)) }];
  return null;
}
