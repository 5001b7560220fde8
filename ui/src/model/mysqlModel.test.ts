// Guarantees: lights, orders, shares, figures, setup texts and statements read as people expect, also of servers that tell
// little.
import { describe, expect, it } from "vitest";
import type { MysqlDigest, MysqlEvent, MysqlPlan, MysqlServer, MysqlStatement } from "../api/mysqlTypes";
import { edgeLine, NODE, replicationGraph } from "../layout/replicationGraph";
import { chartsFor, percentOf, promqlFor, shortNumber, writerOf } from "./mysqlCharts";
import { digestColumns, noIndexShare, planSpeed, plansByTime, readDigestSort, sharesOf } from "./mysqlDigests";
import { countKinds, detailText, eventMarks, eventsByDay, readDeadlock } from "./mysqlEvents";
import { chosenServers, countLights, hidesStatements, lagOf, lightOf, mendingStatement, productOf, sentenceWithout, worstFirst } from "./mysqlLight";
import { poolParts } from "./mysqlPool";
import { grants, setupWays } from "./mysqlSetup";
import { isMysqlSpan, planOfSpan } from "./mysqlSpans";
import { nextStatementSort, openFor, readStatementSort, sortStatements } from "./mysqlStatements";
import { sqlLine, sqlPieces } from "./sqlPretty";

const server = (name: string, more: Partial<MysqlServer> = {}): MysqlServer => ({
  name, flavor: "mysql", version: "9.7.4", up: true, light: "green", reasons: [], since: "", uptime_seconds: 1, interval_ms: 1000, figures: {}, replication: [], missing: [], cost: { server_ms_per_second: 0, statements_per_second: 0, own_cpu_ratio: 0, skipped: 0 }, ...more,
});
const replica = (source: string, lag: number | null = 0) => ({ channel: "", source, io: "Yes", sql: "Yes", lag_seconds: lag, error: "" });

describe("lights", () => {
  const servers = [server("db-10"), server("db-2"), server("a", { light: "yellow", reasons: [{ code: "x", text: "82 % of 151 connections" }] }), server("z", { light: "green", up: false })];
  it("put the worst first, then count as people do", () => expect(worstFirst(servers).map((one) => one.name)).toEqual(["z", "a", "db-2", "db-10"]));
  it("are red for whoever does not answer, grey for what the page cannot see", () => expect([lightOf(servers[3], false), lightOf(servers[0], true), lightOf(undefined, false), lightOf(servers[2], false)]).toEqual(["red", "unknown", "unknown", "yellow"]));
  it("are counted and chosen", () => {
    expect(countLights(servers)).toEqual({ red: 1, yellow: 1, green: 2 });
    expect([chosenServers(servers, "green", "").length, chosenServers(servers, null, "CONN 151").map((one) => one.name), chosenServers(servers, "red", "db").length]).toEqual([2, ["a"], 0]);
  });
  it("take the longest lag, or the figure, or none", () => expect([lagOf(server("x", { replication: [replica("a", 3), replica("b", 9)] })), lagOf(server("x", { replication: [replica("a", null)], figures: { replication_lag_seconds: 4 } })), lagOf(server("x"))]).toEqual([9, 4, null]));
  it("name the product without its build", () => expect([productOf({ flavor: "mariadb", version: "10.11.19-MariaDB-0+deb12u1" }, { mariadb: "MariaDB" }), productOf({ flavor: "unknown", version: "" }, { unknown: "MySQL" })]).toEqual(["MariaDB 10.11.19", "MySQL"]));
});

it("finds the statement that mends what is missing", () => {
  expect(mendingStatement("No digests: `GRANT SELECT ON performance_schema.* TO 'm'@'%'` mends it")).toBe("GRANT SELECT ON performance_schema.* TO 'm'@'%'");
  expect(mendingStatement("Lag is not collected; run GRANT REPLICATION CLIENT ON *.* TO 'm'@'%';")).toBe("GRANT REPLICATION CLIENT ON *.* TO 'm'@'%';");
  expect(mendingStatement("performance_schema is off; it needs a restart")).toBeNull();
  const ours = "statements are not collected: GRANT SELECT ON performance_schema.* TO the user that is given here";
  expect([mendingStatement(ours), sentenceWithout(ours, mendingStatement(ours))]).toEqual(["GRANT SELECT ON performance_schema.* TO spanlake", "statements are not collected"]);
  expect([sentenceWithout("No digests: `SET PERSIST x = 1`", "SET PERSIST x = 1"), sentenceWithout("Run SET GLOBAL x = 1; then wait", "SET GLOBAL x = 1;"), sentenceWithout("as it is", null)]).toEqual(["No digests", "Run  then wait", "as it is"]);
  expect([hidesStatements(server("x", { missing: [{ what: "setting", name: "innodb_print_all_deadlocks", text: "" }] })), hidesStatements(server("x", { missing: [{ what: "grant", name: "PROCESS", text: "" }] }))]).toEqual([false, true]);
});

describe("figures", () => {
  it("stay short while they move", () => expect([0, 0.004, 0.5, 9.999, 12.4, 999, 1000, 4321, 12_345, 1_840_000, 23_456_789].map(shortNumber)).toEqual(["0", "<0.01", "0.5", "10", "12", "999", "1k", "4.32k", "12.3k", "1.84M", "23.5M"]));
  it("show the digits after ninety-nine", () => expect([percentOf(0.99941), percentOf(1), percentOf(0.82), percentOf(0.031), percentOf(0)]).toEqual(["99.94 %", "100 %", "82 %", "3.1 %", "0 %"]));
  it("are written with their unit", () => expect([writerOf("bytes")(2_100_000), writerOf("seconds")(0), writerOf("seconds")(75), writerOf("ratio")(null)]).toEqual(["2.1 MB/s", "0 s", "1 min 15 s", "–"]));
  it("are eight charts, and PromQL with the server in quotes", () => {
    expect([chartsFor(true).length, chartsFor(false).length]).toEqual([8, 8]);
    expect(promqlFor('x{s="$server"}', 'a"b\\c')).toBe('x{s="a\\"b\\\\c"}');
  });
});

describe("digests", () => {
  const digest = (more: Partial<MysqlDigest>) => ({ calls: 10, total_time_ns: 100, p95_ns: null, rows_examined: 0, errors: 0, no_index_used: 0, ...more }) as MysqlDigest;
  it("have shares of the whole, of p95 by the largest", () => {
    const list = [digest({ total_time_ns: 300, p95_ns: 50 }), digest({ p95_ns: 100 })];
    expect([sharesOf(list, "total_time"), sharesOf(list, "p95"), sharesOf(list, "errors"), sharesOf([], "calls")]).toEqual([[0.75, 0.25], [0.5, 1], [0, 0], []]);
  });
  it("sort by what is known", () => expect([readDigestSort("p95"), readDigestSort("drop"), readDigestSort(null)]).toEqual(["p95", "total_time", "total_time"]));
  it("say how many calls scan", () => expect([noIndexShare(digest({ no_index_used: 5 })), noIndexShare(digest({ calls: 0, no_index_used: 5 }))]).toEqual([0.5, 0]));
  it("are rates a second, without a time where nothing was called", () => {
    const at = (second: number) => new Date(second * 1000).toISOString();
    const columns = digestColumns([{ time: at(10), calls: 20, total_time_ns: 40, errors: 0, rows_examined: 100 }, { time: at(20), calls: 0, total_time_ns: 0, errors: 1, rows_examined: 0 }]);
    expect([columns.calls, columns.avg, columns.rows, columns.errors]).toEqual([[2, 0], [2, null], [10, 0], [0, 0.1]]);
    expect(digestColumns([]).seconds).toEqual([]);
  });
  it("are nought where the server left a part out", () => {
    const columns = digestColumns([0, 1, 4].map((second) => ({ time: new Date(second * 1000 + 1e12).toISOString(), calls: 3, total_time_ns: 6, errors: 0, rows_examined: 0 })));
    expect([columns.seconds.map((second) => second - 1e9), columns.calls, columns.avg]).toEqual([[0, 1, 2, 3, 4], [3, 3, 0, 0, 3], [2, 2, null, null, 2]]);
  });
  it("compare what a call took under two plans", () => {
    const plan = (hash: string, first: number, last: number) => ({ plan_hash: hash, first_seen: new Date(first * 1000).toISOString(), last_seen: new Date(last * 1000).toISOString() }) as MysqlPlan;
    const [old, fresh] = [plan("a", 0, 50), plan("b", 50, 100)];
    expect(plansByTime([old, fresh]).map((one) => one.plan_hash)).toEqual(["b", "a"]);
    const points = [10, 40, 60, 90].map((second) => ({ time: new Date(second * 1000).toISOString(), calls: 2, total_time_ns: second < 50 ? 4 : 40, errors: 0, rows_examined: 0 }));
    expect(planSpeed(old, fresh, points)).toEqual({ beforeNs: 2, afterNs: 20, factor: 10 });
    expect(planSpeed(old, fresh, []).factor).toBeNull();
  });
});

describe("statements", () => {
  const statement = (thread: number, ms: number, user = "app") => ({ thread, duration_ns: ms * 1e6, user, host: "h", state: "", command: "Query", text: "" }) as MysqlStatement;
  const list = [statement(3, 5), statement(1, 900, "zoe"), statement(2, 5)];
  it("run longest first, equal ones by thread", () => expect(sortStatements(list, readStatementSort(null)).map((one) => one.thread)).toEqual([1, 2, 3]));
  it("turn by a second click", () => {
    expect([nextStatementSort(readStatementSort(null), "who"), nextStatementSort(readStatementSort("who"), "who"), nextStatementSort(readStatementSort("who"), "time"), nextStatementSort(readStatementSort(null), "time")]).toEqual(["who", "-who", null, "time"]);
    expect(sortStatements(list, readStatementSort("-who")).map((one) => one.thread)).toEqual([1, 2, 3]);
  });
  it("are never open for less than nothing", () => expect([openFor("2026-11-21T10:00:00Z", Date.parse("2026-11-21T10:00:42Z")), openFor("2026-11-21T10:00:00Z", 0)]).toEqual(["42 s", "0 ns"]));
});

describe("statements' texts", () => {
  it("lose the spaces and quotes of digests", () => {
    expect(sqlLine("SELECT `o` . `id` , COUNT ( * ) FROM `orders` `o` WHERE `o` . `left` IN (...) AND `order` = ? ;")).toBe("SELECT o.id, COUNT(*) FROM orders o WHERE o.`left` IN (...) AND `order` = ?;");
  });
  it("keep literals and comments as they are", () => expect(sqlLine("select 'it''s  (a . b)', \"x\\\"y\" /* a , b */ from t -- end")).toBe("select 'it''s (a . b)', \"x\\\"y\" /* a , b */ from t -- end"));
  it("break at clauses, not inside brackets", () => {
    const text = sqlPieces("SELECT a FROM b LEFT JOIN c ON c.x = b.x WHERE a IN (SELECT y FROM z) AND d BETWEEN 1 AND 2 ORDER BY a", true).map((piece) => piece.text).join("");
    expect(text.split("\n")).toEqual(["SELECT a", "FROM b", "LEFT JOIN c ON c.x = b.x", "WHERE a IN (SELECT y FROM z)", "  AND d BETWEEN 1", "  AND 2", "ORDER BY a"]);
  });
  it("are cut before they hurt", () => {
    const long = `SELECT ${"x , ".repeat(500_000)} 1`;
    expect(sqlLine(long).length).toBe(400);
    expect(sqlPieces(long, true).length).toBeLessThan(40_000);
  });
});

describe("events", () => {
  const event = (time: string, kind: MysqlEvent["kind"]): MysqlEvent => ({ time, server: "s", kind, title: "", detail: {} });
  it("are grouped by day, newest first", () => {
    const days = eventsByDay([event("2026-11-20T10:00:00Z", "restart"), event("2026-11-21T10:00:00Z", "deadlock"), event("2026-11-20T12:00:00Z", "deadlock")], (one) => one.time.slice(0, 10));
    expect(days.map(([day, list]) => [day, list.length, list[0].kind])).toEqual([["2026-11-21", 1, "deadlock"], ["2026-11-20", 2, "deadlock"]]);
    expect(countKinds([event("", "restart"), event("", "restart")]).get("restart")).toBe(2);
  });
  it("are marks on charts, but for log lines", () => {
    const marks = eventMarks([event("2026-11-21T10:00:09Z", "deadlock"), event("2026-11-21T10:00:01Z", "plan_change"), event("2026-11-21T10:00:05Z", "error_log"), event("soon", "restart")], (one) => one.kind);
    expect(marks.map((mark) => [mark.seconds % 60, mark.label, mark.isBad])).toEqual([[1, "plan_change", false], [9, "deadlock", true]]);
  });
  it("take nothing in their details for granted", () => {
    expect(readDeadlock({})).toEqual({ transactions: [], victim: null, text: "" });
    expect(readDeadlock({ transactions: [null, { thread: "8", trace_id: "" }], victim: 1 }).transactions).toEqual([{ thread: 8, statement: "", holds: "", waits_for: "", trace_id: null }]);
    expect([detailText({ a: { b: 1 } }, "a"), detailText({ a: "" }, "a"), detailText({}, "a"), detailText({ a: 0 }, "a")]).toEqual(['{"b":1}', null, null, "0"]);
  });
});

describe("replication", () => {
  it("lies from sources to replicas, with what is not watched", () => {
    const graph = replicationGraph([server("b", { replication: [replica("a")] }), server("c", { replication: [replica("b")] }), server("d", { replication: [replica("b")] }), server("other", { replication: [replica("far")] })], "c");
    expect(graph.nodes.map((node) => [node.name, node.x / (NODE.width + 148), node.server !== null])).toEqual([["a", 0, false], ["b", 1, true], ["c", 2, true], ["d", 2, true]]);
    expect([graph.edges.length, graph.width, graph.height]).toEqual([3, 3 * NODE.width + 2 * 148, 2 * NODE.height + 16]);
  });
  it("cuts a circle where it closes", () => {
    const graph = replicationGraph([server("a", { replication: [replica("b")] }), server("b", { replication: [replica("a")] })], "b");
    expect([graph.nodes.map((node) => node.name), graph.edges.length]).toEqual([["a", "b"], 2]);
  });
  it("is one node for a server alone", () => expect(replicationGraph([server("a")], "a")).toMatchObject({ edges: [], width: NODE.width, height: NODE.height }));
  it("writes beside the line, nearer to the replica", () => expect(edgeLine({ from: { name: "", server: null, x: 0, y: 0 }, to: { name: "", server: null, x: NODE.width + 100, y: 0 } }).labelY).toBeCloseTo(NODE.height / 2));
});

it("takes a span's plan bare or with its dates", () => {
  const explained = { query_block: { table: { table_name: "t", access_type: "ALL", rows: 5 } } };
  const kept = { plan_hash: "a", first_seen: "", last_seen: "", sample: "", plan: explained };
  expect([planOfSpan(explained)?.rows.length, planOfSpan(kept)?.rows.length, planOfSpan(null), planOfSpan({})]).toEqual([2, 2, null, null]);
});

it("fills a buffer pool to its size", () => {
  const parts = poolParts({ size_bytes: 1000 * 16_384, data_bytes: 900 * 16_384, dirty_bytes: 100 * 16_384, free_pages: 50, hit_ratio: null });
  expect(parts.map((part) => [part.key, Math.round(part.share * 100)])).toEqual([["clean", 80], ["dirty", 10], ["other", 5], ["free", 5]]);
  expect(poolParts({ size_bytes: 0, data_bytes: 10, dirty_bytes: 90, free_pages: 9, hit_ratio: null }).every((part) => part.share >= 0 && part.share <= 1)).toBe(true);
});

it("says how to add a server, and what to grant", () => {
  expect(setupWays().map((way) => way.text).join()).toMatch(/spanlake serve --mysql mysql:.*mysql:\n {2}- mysql:.*SPANLAKE_MYSQL=/s);
  expect(grants()).toMatch(/GRANT PROCESS, REPLICATION CLIENT ON \*\.\*/);
});

it("knows which spans a MySQL server may know of", () => {
  const span = (attributes: Record<string, string>) => ({ trace_id: "t", attributes });
  expect([isMysqlSpan(span({ "db.system.name": "mysql" }), "t"), isMysqlSpan(span({ "db.system": "mariadb" }), "t"), isMysqlSpan(span({ "db.system.name": "postgresql" }), "t"), isMysqlSpan(span({ "db.system": "mysql" }), "file:t")]).toEqual([true, true, false, false]);
});
