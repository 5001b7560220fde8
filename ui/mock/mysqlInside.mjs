// Owns what else the mock's servers tell: InnoDB, tables, variables with their changes, events.
import { FAILING, HEALTHY } from "./store.mjs";
import { figuresAt } from "./mysqlServers.mjs";
import { PLAN_CHANGED_MS } from "./mysqlDigests.mjs";

const START = Date.now();

export function innodbOf(state, server, ms) {
  const figures = figuresAt(state, server, ms);
  const size = server.load > 1000 ? 48 * 2 ** 30 : 2 ** 30;
  return {
    buffer_pool: { size_bytes: size, data_bytes: Math.round(size * 0.93), dirty_bytes: Math.round(size * (0.06 + 0.03 * Math.sin(ms / 30_000))), free_pages: Math.round((size * 0.04) / 16_384), hit_ratio: figures.buffer_pool_hit_ratio },
    log: server.flavor === "mariadb" ? { checkpoint_age_bytes: null, capacity_bytes: null } : { checkpoint_age_bytes: Math.round(2 ** 30 * (0.61 + 0.22 * Math.sin(ms / 40_000))), capacity_bytes: 2 ** 30 },
    history_list_length: figures.history_list_length,
    row_operations: { read: figures.rows_read_per_second, inserted: figures.rows_written_per_second * 0.5, updated: figures.rows_written_per_second * 0.45, deleted: figures.rows_written_per_second * 0.05 },
    semaphores_waits: server.noSchema ? null : 2,
    status_text: `=====================================\n${new Date(ms).toISOString()} INNODB MONITOR OUTPUT\n=====================================\n-----------------\nBACKGROUND THREAD\n-----------------\nsrv_master_thread loops: 81236 srv_active, 0 srv_shutdown, 112 srv_idle\n----------\nSEMAPHORES\n----------\nOS WAIT ARRAY INFO: reservation count 91231\nOS WAIT ARRAY INFO: signal count 90917\nRW-shared spins 0, rounds 0, OS waits 0\n------------\nTRANSACTIONS\n------------\nTrx id counter 918236411\nHistory list length ${figures.history_list_length}\n--------\nFILE I/O\n--------\n0 pending normal aio reads, 3 pending aio writes\n`,
  };
}

const TABLES = [["shop", "order_items", 61_200_000, 7.1e9, 4.9e9, null], ["audit", "events", 48_000_000, 22.4e9, 3.1e9, 0.031], ["audit", "events_archive", 212_000_000, 88e9, 11e9, 0.11], ["shop", "orders", 14_800_000, 3.9e9, 2.2e9, 0.89], ["shop", "payments", 13_900_000, 2.1e9, 1.4e9, 0.42], ["shop", "users", 2_110_000, 0.61e9, 0.2e9, 0.0005], ["sessions", "sessions", 410_000, 0.3e9, 0.05e9, null], ["shop", "products", 48_200, 21e6, 4e6, 0.00002]];

export const tablesOf = (server, limit) => (server.noSchema && server.flavor !== "mariadb" ? [] : TABLES.map(([schema, table, rows, data, index, used]) => ({ schema, table, rows, data_bytes: data, index_bytes: index, auto_increment_used_ratio: used })).sort((a, b) => b.data_bytes + b.index_bytes - a.data_bytes - a.index_bytes).slice(0, limit));

const VARIABLES = {
  autocommit: "ON", binlog_format: "ROW", character_set_server: "utf8mb4", collation_server: "utf8mb4_0900_ai_ci", default_storage_engine: "InnoDB", gtid_mode: "ON", innodb_buffer_pool_size: "51539607552", innodb_flush_log_at_trx_commit: "1", innodb_io_capacity: "4000",
  innodb_lock_wait_timeout: "50", innodb_print_all_deadlocks: "OFF", innodb_redo_log_capacity: "1073741824", long_query_time: "1.000000", max_allowed_packet: "67108864", max_connections: "400", max_execution_time: "0", optimizer_switch: "index_merge=on,index_merge_union=on,index_merge_sort_union=on,index_condition_pushdown=on,mrr=on,mrr_cost_based=on,block_nested_loop=on,batched_key_access=off,materialization=on,semijoin=on,loosescan=on,firstmatch=on",
  performance_schema: "ON", read_only: "OFF", slow_query_log: "ON", sql_mode: "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE", super_read_only: "OFF", sync_binlog: "1", table_open_cache: "4000", tmp_table_size: "33554432", transaction_isolation: "REPEATABLE-READ", version: "9.7.4", wait_timeout: "28800",
};

export function variablesOf(server) {
  const own = { ...VARIABLES, max_connections: String(server.max), version: server.version, performance_schema: server.flavor === "mariadb" ? "OFF" : "ON", read_only: server.source ? "ON" : "OFF" };
  return { variables: Object.entries(own).map(([name, value]) => ({ name, value })), changes: eventsOf(server).filter((one) => one.kind === "variable_change") };
}

const at = (minutes) => new Date(START - minutes * 60_000).toISOString();

function deadlock(server, minutes) {
  const transactions = [
    { thread: 8123, statement: "UPDATE `stock` SET `left` = `left` - ? WHERE `product_id` = ?", holds: "shop.orders PRIMARY, X,REC_NOT_GAP, record 0: hex 800186a3", waits_for: "shop.stock PRIMARY, X,REC_NOT_GAP, record 0: hex 80000411", trace_id: FAILING },
    { thread: 8140, statement: "UPDATE `orders` SET `status` = ? WHERE `id` = ?", holds: "shop.stock PRIMARY, X,REC_NOT_GAP, record 0: hex 80000411", waits_for: "shop.orders PRIMARY, X,REC_NOT_GAP, record 0: hex 800186a3", trace_id: HEALTHY },
  ];
  return { time: at(minutes), server: server.name, kind: "deadlock", title: "2 transactions waited for each other; one was rolled back", detail: { transactions, victim: 2, text: "*** (1) TRANSACTION:\nTRANSACTION 918236400, ACTIVE 0 sec starting index read\nmysql tables in use 1, locked 1\nLOCK WAIT 4 lock struct(s), heap size 1128, 2 row lock(s), undo log entries 1\n\n*** (2) TRANSACTION:\nTRANSACTION 918236401, ACTIVE 0 sec starting index read\n\n*** WE ROLL BACK TRANSACTION (2)\n" } };
}

export function eventsOf(server) {
  const event = (minutes, kind, title, detail) => ({ time: at(minutes), server: server.name, kind, title, detail });
  if (!server.locks) return server.down ? [event(7, "error_log", "It does not answer: connection refused (os error 111)", { text: "connection refused (os error 111)" })] : [event(server.up / 60, "restart", "the server has started anew", { version: server.version })].filter(() => server.up < 5 * 86_400);
  return [
    deadlock(server, 4), event(12, "lock_wait", "thread 8031 waits for a lock on shop.stock that thread 8023 holds", { blocking: 8023, waiting: 8, object: "shop.stock", trace_id: FAILING }),
    { time: new Date(PLAN_CHANGED_MS).toISOString(), server: server.name, kind: "plan_change", title: "another plan for SELECT o.id, o.total, u.email FROM orders …", detail: { digest: "d3a177c1b2d3a1", schema: "shop", before: "41d77e", after: "9f21c0" } },
    event(48, "variable_change", "optimizer_switch was set from index_merge=on,mrr=on,prefer_ordering_index=on to index_merge=on,mrr=on,prefer_ordering_index=off", { name: "optimizer_switch", before: "index_merge=on,mrr=on,prefer_ordering_index=on", after: "index_merge=on,mrr=on,prefer_ordering_index=off" }),
    event(55, "error_log", "[Warning] [MY-010055] IP address '10.0.3.9' could not be resolved", { text: "2026-11-21T19:35:12.104Z 0 [Warning] [MY-010055] [Server] IP address '10.0.3.9' could not be resolved: Name or service not known" }),
    deadlock(server, 131), event(300, "variable_change", "max_connections was set from 300 to 400", { name: "max_connections", before: "300", after: "400" }), event(27 * 1440, "restart", "the server has started anew", { version: "9.7.4" }),
  ];
}
