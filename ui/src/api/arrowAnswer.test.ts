// Guarantees: an answer from Arrow has the cells that the API's JSON has, and rows are made when they are looked at.
import { columnFromArray, fixedSizeBinary, int64, tableFromColumns, tableToIPC, TimeUnit, timestamp, utf8 } from "@uwdata/flechette";
import { expect, it } from "vitest";
import { readArrowAnswer } from "./arrowAnswer";

it("writes cells as the JSON does", () => {
  const moments = columnFromArray([1_732_165_200_123_456_789n, 5n, 0n], int64(), { useBigInt: true });
  const type = timestamp(TimeUnit.NANOSECOND, "UTC");
  for (const batch of moments.data) (batch as { type: unknown }).type = type;
  (moments as { type: unknown }).type = type;
  const bytes = tableToIPC(tableFromColumns({
    start_time: moments,
    trace_id: columnFromArray([Uint8Array.of(0xab, 1), null, Uint8Array.of(0, 0xff)], fixedSizeBinary(2)),
    duration: columnFromArray([7n, 2n ** 60n, null], int64(), { useBigInt: true }),
    name: columnFromArray(["a", null, ""], utf8()),
  }), { format: "stream" });
  if (!bytes) throw new Error("no bytes");
  const columns = ["start_time", "trace_id", "duration", "name"].map((name) => ({ name, type: "" }));
  const answer = readArrowAnswer(bytes, columns, { rows: 1, truncated: true, elapsed_ms: 2 });
  expect(answer.stats.rows).toBe(3);
  expect([0, 1, 2].map((row) => answer.whole?.rowAt(row))).toEqual([
    ["2024-11-21T05:00:00.123456789Z", "ab01", 7, "a"],
    ["1970-01-01T00:00:00.000000005Z", null, String(2n ** 60n), null],
    ["1970-01-01T00:00:00.000000000Z", "00ff", null, ""],
  ]);
  expect(answer.rows).toHaveLength(3);
});
