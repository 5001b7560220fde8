// Guarantees: edges become a forest with the blocker on top; threads that wait for several, circles, doubled edges and
// thousands of waiters neither break it nor hide anyone.
import { expect, it } from "vitest";
import type { MysqlLockWait, MysqlStatement } from "../api/mysqlTypes";
import { isIdleInTransaction, lockForest } from "./lockTree";

const statement = (thread: number, more: Partial<MysqlStatement> = {}): MysqlStatement => ({
  thread, user: "app", host: "h", schema: "shop", command: "Query", state: "", text: `UPDATE t${thread}`, digest: "", duration_ns: 0, lock_time_ns: 0, rows_examined: 0, rows_sent: 0, trace_id: null, span_id: null, transaction_started: null, ...more,
});
const wait = (waiting: number, blocking: number, seconds = 1): MysqlLockWait => ({ waiting: statement(waiting), blocking: statement(blocking), object: "shop.t", index: "PRIMARY", mode: "X", kind: "row", wait_ns: seconds * 1e9 });
const picture = (waits: MysqlLockWait[]): string[] => lockForest(waits).rows.map((row) => `${"  ".repeat(row.depth)}${row.statement.thread}${row.isCycle ? " circle" : ""} blocks ${row.blocked}`);

it("puts blockers on top and the longest wait first", () => {
  expect(picture([wait(2, 1, 5), wait(3, 1, 9), wait(4, 2, 3), wait(5, 4, 2), wait(7, 6, 60)])).toEqual(["1 blocks 4", "  3 blocks 0", "  2 blocks 2", "    4 blocks 1", "      5 blocks 0", "6 blocks 1", "  7 blocks 0"]);
});

it("counts who waits, for whom, and the longest", () => {
  const { waiting, roots, longestNs } = lockForest([wait(2, 1, 5), wait(3, 1, 9), wait(4, 9, 3)]);
  expect([waiting, roots, longestNs]).toEqual([3, 2, 9e9]);
  expect(lockForest([])).toEqual({ rows: [], waiting: 0, roots: 0, longestNs: 0 });
});

it("shows one that waits for two under both, and says so", () => {
  const { rows, waiting } = lockForest([wait(3, 1, 4), wait(3, 2, 4)]);
  expect(rows.map((row) => [row.key, row.alsoElsewhere])).toEqual([["1", false], ["1/3", true], ["2", false], ["2/3", true]]);
  expect(waiting).toBe(1);
});

it("ends circles where they close", () => {
  expect(picture([wait(1, 2), wait(2, 1)])).toEqual(["1 blocks 1", "  2 blocks 1", "    1 circle blocks 1"]);
  // One hangs on the circle from outside, and is held up too.
  expect(picture([wait(1, 2), wait(2, 1), wait(3, 2)])).toEqual(["1 blocks 2", "  2 blocks 2", "    1 circle blocks 2", "    3 blocks 0"]);
});

it("takes two locks of one blocker as one row, and no thread as its own blocker", () => {
  expect(picture([wait(2, 1, 1), wait(2, 1, 8), wait(5, 5)])).toEqual(["1 blocks 1", "  2 blocks 0"]);
  expect(lockForest([wait(2, 1, 1), wait(2, 1, 8)]).rows[1].wait?.wait_ns).toBe(8e9);
});

it("draws lines to the last of its siblings only", () => {
  expect(lockForest([wait(2, 1, 9), wait(3, 1, 5), wait(4, 2, 2)]).rows.map((row) => row.lastAt)).toEqual([[], [false], [false, true], [true]]);
});

it("keeps rows by key while the tree moves", () => {
  const before = lockForest([wait(2, 1, 1), wait(3, 2, 1)]).rows.map((row) => row.key);
  const after = lockForest([wait(3, 2, 2), wait(2, 1, 2), wait(9, 1, 0)]).rows.map((row) => row.key);
  expect(after).toEqual(expect.arrayContaining(before));
});

it("stands a thousand in a row and a thousand under one", () => {
  const chain = Array.from({ length: 1000 }, (_, place) => wait(place + 2, place + 1));
  const star = Array.from({ length: 1000 }, (_, place) => wait(place + 2, 1));
  expect([lockForest(chain).rows.length, lockForest(star).rows.length]).toEqual([500, 500]);
  expect([lockForest(chain).waiting, lockForest(star).rows[0].blocked]).toEqual([1000, 1000]);
});

it("knows a transaction whose client says nothing", () => {
  expect([isIdleInTransaction(statement(1, { command: "Sleep", transaction_started: "2026-11-21T10:00:00Z" })), isIdleInTransaction(statement(1, { command: "Sleep" })), isIdleInTransaction(statement(1, { transaction_started: "2026-11-21T10:00:00Z" }))]).toEqual([true, false, false]);
});
