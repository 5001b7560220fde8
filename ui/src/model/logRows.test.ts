// Guarantees: a list of logs loses and repeats no record, whatever shares a moment and whenever it arrives.
import { describe, expect, it } from "vitest";
import { contextOf, cursorAfter, mergeNewestFirst, newRows, readLogRows, rowKey, timeOfKey, withOlder, withTail, LIVE_ROWS_MAX, type LogList, type LogRow } from "./logRows";

const row = (time: number, body = "b", received = 1): LogRow => ({ timeNs: String(1_700_000_000_000_000_000n + BigInt(time)), receivedNs: String(received), severityNumber: 9, severityText: "INFO", service: "cart", eventName: "", body, traceId: "", spanId: "" });
const list = (rows: LogRow[], hasOlder = false): LogList => ({ rows, hasOlder, startNs: "0", endNs: "9" });
const bodies = (rows: readonly LogRow[]): string => rows.map((one) => one.body).join("");

describe("what is older", () => {
  it("goes on after the known rows of the last moment", () => {
    expect(cursorAfter([row(5), row(3), row(3), row(3)])).toEqual({ timeNs: row(3).timeNs, known: 3 });
    expect(cursorAfter([])).toBeNull();
  });
  it("is over when a page is not full", () => {
    expect(withOlder(list([row(5, "a")], true), [row(4, "b")], 2)).toMatchObject({ hasOlder: false, rows: [{ body: "a" }, { body: "b" }] });
    expect(withOlder(list([], true), [row(4), row(3)], 2).hasOlder).toBe(true);
  });
});

describe("what is new", () => {
  it("is put where its time says, behind those of its moment", () => {
    expect(bodies(mergeNewestFirst([row(9, "d"), row(5, "b")], [row(10, "e"), row(9, "D"), row(1, "a")]))).toBe("edDba");
    expect(bodies(mergeNewestFirst([], [row(2, "b"), row(1, "a")]))).toBe("ba");
  });
  it("is what is not known; of alike records the surplus", () => {
    expect(newRows([row(5), row(5)], [row(5), row(5), row(5)])).toHaveLength(1);
    expect(newRows([row(5)], [row(5, "other")])).toHaveLength(1);
  });
  it("gives the same list where a poll brought nothing", () => {
    const known = list([row(5), row(4)]);
    expect(withTail(known, [row(5), row(4)])).toBe(known);
  });
  it("leaves to `show older` what is older than the list", () => {
    const known = list([row(5)], true);
    expect(withTail(known, [row(1)])).toBe(known);
    expect(withTail(list([row(5)]), [row(1)]).rows).toHaveLength(2);
  });
  it("does not grow for ever", () => {
    const known = list(Array.from({ length: LIVE_ROWS_MAX }, (_, index) => row(LIVE_ROWS_MAX - index)));
    const grown = withTail(known, [row(LIVE_ROWS_MAX + 1, "new")]);
    expect([grown.rows.length, grown.rows[0].body, grown.hasOlder]).toEqual([LIVE_ROWS_MAX, "new", true]);
  });
});

describe("names in the address", () => {
  it("are the same for the whole record and for its cut row, and tell their moment", () => {
    const long = "ä😀".repeat(500);
    const cut = [...long].slice(0, 600).join("");
    expect(rowKey(row(7, long))).toBe(rowKey(row(7, cut)));
    expect(timeOfKey(rowKey(row(7)))).toBe(row(7).timeNs);
    expect(rowKey(row(7, "a"))).not.toBe(rowKey(row(7, "b")));
    expect(["", "x", "12", "12.!", null].map((text) => timeOfKey(text ?? ""))).toEqual([null, null, null, null, null]);
  });
});

describe("context", () => {
  const here = row(5, "x");
  it("stands round the line, ties in their order", () => {
    const { before, after } = contextOf(here, [row(5, "w"), here, row(5, "y"), row(4, "v"), row(3, "u")], [row(5, "w"), here, row(5, "y"), row(6, "z")], 3);
    expect([bodies(before), bodies(after)]).toEqual(["uvw", "yz"]);
  });
  it("is cut to as many lines as are wanted, nearest first", () => {
    const { before, after } = contextOf(here, [here, row(4, "v"), row(3, "u")], [here, row(6, "y"), row(7, "z")], 1);
    expect([bodies(before), bodies(after)]).toEqual(["v", "y"]);
  });
});

it("reads columns by name, and nulls as nothing", () => {
  const answer = { columns: ["body", "time", "severity_number", "trace_id"].map((name) => ({ name, type: "Utf8" })), rows: [[null, "2024-11-21T05:00:00.000000001Z", 17, null]], stats: { rows: 1, truncated: false, elapsed_ms: 1 } };
  expect(readLogRows(answer)[0]).toMatchObject({ body: "", timeNs: "1732165200000000001", severityNumber: 17, traceId: "", service: "" });
});
