// Owns the mock's MySQL servers and their figures, as waves that depend on the time alone: a busy primary with lock waits, a
// replica that lags, quiet ones, one that is down, a MariaDB without performance_schema, one where grants are missing.
const START = Date.now();
const MISSING_GRANTS = [
  { what: "grant", name: "SELECT ON performance_schema.*", text: "Statements, lock waits and digests are not collected: `GRANT SELECT ON performance_schema.* TO 'spanlake'@'%'`" },
  { what: "grant", name: "REPLICATION CLIENT", text: "Replication lag is not collected: `GRANT REPLICATION CLIENT ON *.* TO 'spanlake'@'%'`" },
  { what: "setting", name: "innodb_print_all_deadlocks", text: "Only the last deadlock of each minute is seen: `SET PERSIST innodb_print_all_deadlocks = ON`" },
];
const NO_SCHEMA = [{ what: "setting", name: "performance_schema", text: "Digests, statement samples and waits are not collected, because performance_schema is off; it needs a restart with performance_schema=ON in the server's configuration." }];

/** Name, flavour, version, load in statements a second, largest number of connections, and what is special about it. */
export const SERVERS = [
  { name: "db-1:3306", flavor: "mysql", version: "9.7.4", load: 4200, max: 400, busy: 0.82, locks: true, up: 27 * 86_400 + 11_520 },
  { name: "db-2:3306", flavor: "mysql", version: "9.7.4", load: 1900, max: 400, busy: 0.31, source: "db-1:3306", lag: 38, up: 27 * 86_400 + 9000 },
  { name: "db-3:3306", flavor: "mysql", version: "9.7.4", load: 1750, max: 400, busy: 0.28, source: "db-1:3306", lag: 0, up: 27 * 86_400 + 8000 },
  { name: "db-4:3306", flavor: "mysql", version: "8.4.7", load: 320, max: 200, busy: 0.12, source: "db-3:3306", lag: 1, up: 3 * 86_400 },
  { name: "archive:3306", flavor: "mysql", version: "8.0.44", load: 60, max: 151, busy: 0.1, down: true, source: "db-1:3306", lag: null, up: 0 },
  { name: "legacy-maria:3307", flavor: "mariadb", version: "10.11.19-MariaDB", load: 240, max: 151, busy: 0.22, missing: NO_SCHEMA, noSchema: true, up: 90 * 86_400 },
  { name: "reports:3306", flavor: "mysql", version: "8.0.44", load: 95, max: 100, busy: 0.19, missing: MISSING_GRANTS, noSchema: true, up: 12 * 86_400 },
];

export const serverNamed = (name) => SERVERS.find((server) => server.name === name);
export const isDown = (state, server) => server.down === true || (state.mysqlDown ?? []).includes(server.name);

const hash = (text) => [...text].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7);
/** The same for a moment on every call, between 0 and 1. */
const noise = (ms, seed) => (Math.sin(Math.floor(ms / 1000) * 12.9898 + seed * 78.233) * 43758.5453) % 1;
const wave = (ms, seed) => 1 + 0.18 * Math.sin(ms / 47_000 + seed) + 0.09 * Math.sin(ms / 11_000 + seed * 2) + 0.06 * Math.abs(noise(ms, seed));

export function figuresAt(state, server, ms) {
  const seed = hash(server.name) % 97;
  const w = wave(ms, seed);
  const hump = server.locks ? Math.max(0, Math.sin(ms / 90_000)) : 0;
  const qps = server.load * w * (1 - 0.25 * hump);
  const connections = Math.round(server.max * server.busy * (0.96 + 0.06 * w) + hump * 20);
  const figures = {
    qps, tps: qps * 0.11, connections, connections_running: Math.max(1, Math.round(qps / 320 + hump * 26 + 2 * Math.abs(noise(ms, seed + 1)))), connections_max: server.max,
    connections_usage: connections / server.max, aborted_per_second: noise(ms, seed + 3) > 0.9 ? 1 : 0, slow_per_second: hump > 0.5 ? hump * 2.4 : 0.02, buffer_pool_hit_ratio: 0.9994 - hump * 0.012 - 0.0004 * Math.abs(noise(ms, seed)),
    buffer_pool_usage: 0.93, row_lock_waits_per_second: hump * 9 + 0.3, row_lock_time_ms_per_second: hump * 5200 + 12, lock_waits_now: 0, deadlocks_per_second: 0,
    bytes_received_per_second: qps * 310, bytes_sent_per_second: qps * 2900 * w, rows_read_per_second: qps * (41 + hump * 900), rows_written_per_second: qps * 0.4,
    tmp_disk_tables_per_second: 0.4 * w, history_list_length: Math.round(900 * w + hump * 21_000), ping_ms: 0.35 * w + hump * 0.8,
  };
  // Who may not see lock waits does not say that there are none.
  if (server.missing === MISSING_GRANTS) delete figures.lock_waits_now;
  if (server.source) figures.replication_lag_seconds = lagAt(server, ms);
  if (server.locks && state.mysqlConnections) figures.connections = state.mysqlConnections;
  return figures;
}

export const lagAt = (server, ms) => (server.lag > 5 ? Math.round(server.lag + 24 * Math.sin(ms / 60_000)) : server.lag);

function lightOf(server, figures, down, waits) {
  if (down) return ["red", [{ code: "down", text: "the server does not answer: connection refused (os error 111)" }]];
  const reasons = [];
  if (figures.connections_usage > 0.8) reasons.push({ code: "connections_high", text: `${Math.round(figures.connections_usage * 100)} % of ${server.max} connections are used` });
  if (waits > 0) reasons.push({ code: "lock_wait_long", text: `${waits} ${waits === 1 ? "transaction waits" : "transactions wait"} for locks` });
  if ((figures.replication_lag_seconds ?? 0) > 10) reasons.push({ code: "replication_late", text: `${figures.replication_lag_seconds} s behind ${server.source}` });
  return [reasons.length > 0 ? "yellow" : "green", reasons];
}

export function serverAt(state, server, ms, waits) {
  const down = isDown(state, server);
  const figures = down ? {} : { ...figuresAt(state, server, ms), ...(server.locks ? { lock_waits_now: waits } : {}) };
  const [light, reasons] = lightOf(server, figures, down, waits);
  const downSince = (state.mysqlDown ?? []).includes(server.name) ? (state.mysqlDownSince ??= ms) : START - 412_000;
  return {
    name: server.name, flavor: down && server.down ? "unknown" : server.flavor, version: down && server.down ? "" : server.version, up: !down, light, reasons, since: new Date(down ? downSince : ms - server.up * 1000).toISOString(),
    uptime_seconds: down ? null : server.up + Math.floor((ms - START) / 1000), interval_ms: server.locks ? 500 : 1000, figures, replication: server.source && !server.noSchema ? [replicaAt(server, ms, down)] : [], missing: server.missing ?? [],
    cost: { server_ms_per_second: down ? 0 : 0.6 + 0.2 * wave(ms, 3), statements_per_second: down ? 0 : 3.2, own_cpu_ratio: down ? 0.0001 : 0.0011 * wave(ms, 5), skipped: server.locks ? 3 : 0 },
  };
}

function replicaAt(server, ms, down) {
  if (down) return { channel: "", source: server.source, io: "No", sql: "No", lag_seconds: null, error: "error connecting to source 'repl@db-1:3306'" };
  return { channel: "", source: server.source, io: "Yes", sql: "Yes", lag_seconds: lagAt(server, ms), error: "" };
}
