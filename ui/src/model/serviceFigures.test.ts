// Guarantees: figures of services are what the answers say, silence is zero and not a gap in counts, and names stay quoted.
import { describe, expect, it } from "vitest";
import { sparkline } from "../layout/sparkline";
import { deployments, errorShare, figuresKey, mostFailing, nextFigureSort, readCounts, readFigures, readFigureSort, readOverTime, readVersions, slowest, sortFigures, type Figures } from "./serviceFigures";
import { callsRange, callsStatement, operationsStatement, servicesStatement } from "./serviceStatements";
import { rateOf } from "./numbers";
import type { SqlAnswer } from "./sqlResult";

const answer = (names: string[], rows: unknown[][]): SqlAnswer => ({ columns: names.map((name) => ({ name, type: "Utf8" })), rows, stats: { rows: rows.length, truncated: false, elapsed_ms: 1 } });
const figures = (name: string, requests: number, errors: number, p95: number | null): Figures => ({ name, kind: "server", requests, errors, p50: 1, p95, p99: 3 });
const range = { startMs: 60_000, endMs: 240_000 };
const at = (milliseconds: number): string => new Date(milliseconds).toISOString();

it("reads figures of services and of operations", () => {
  expect(readFigures(answer(["service_name", "requests", "errors", "p50", "p95", "p99"], [["cart", 5, 1, "10", 20, null]]))).toEqual([{ name: "cart", kind: "", requests: 5, errors: 1, p50: 10, p95: 20, p99: null }]);
  expect(readFigures(answer(["name", "kind", "requests", "errors", "p50", "p95", "p99"], [[null, "server", 5, 1, 1, 1, 1]]))[0]).toMatchObject({ name: "", kind: "server" });
});

it("puts counts into steps and leaves zeros between", () => {
  const counts = readCounts(answer(["bucket", "service_name", "requests", "errors"], [[at(60_000), "cart", 3, 0], [at(180_000), "cart", 4, 2], [at(9_000_000), "cart", 9, 9]]), range, 60_000);
  expect(counts.get(figuresKey({ name: "cart", kind: "" }))).toEqual({ requests: [3, 0, 4], errors: [0, 0, 2] });
});

it("gives rates per second, none where nothing came, and of a step that has only begun by the time passed", () => {
  const overTime = readOverTime(answer(["bucket", "requests", "errors", "p50", "p95", "p99"], [[at(60_000), 60, 6, 1, 2, 3], [at(180_000), 30, 0, 4, 5, 6]]), { startMs: 60_000, endMs: 210_000 }, 60_000);
  expect(overTime.requests).toEqual([1, 0, 1]);
  expect(overTime.errors).toEqual([0.1, 0, 0]);
  expect(overTime.p95).toEqual([2, null, 5]);
});

describe("of a sample", () => {
  it("figures carry their interval, whose upper end may be open", () => {
    const read = (high: unknown) => readFigures(answer(["service_name", "requests", "requests_low", "requests_high", "errors"], [["cart", 50.4, 40, high, 1]]))[0].interval;
    expect([read(61.2), read(null)]).toEqual([[40, 61.2], [40, null]]);
  });
  it("lines have bounds, rates per second like the lines", () => {
    const names = ["requests", "errors", "p50"].flatMap((name) => [name, `${name}_low`, `${name}_high`]);
    const { bounds, requests } = readOverTime(answer(["bucket", ...names], [[at(60_000), 60, 30, 120, 6, 0, 12, 5, 4, null]]), range, 60_000);
    expect([requests[0], bounds?.requests.low[0], bounds?.requests.high[0], bounds?.p50.low[0], bounds?.p50.high[0]]).toEqual([1, 0.5, 2, 4, null]);
  });
  it("statements weigh, and ask for both ends", () => {
    const asked = servicesStatement(range, false, "estimated");
    expect(asked).toContain("get_field(approx_count() filter (where (kind in ('server', 'consumer') or parent_span_id is null)), 'high') as requests_high");
    expect(asked).toContain("get_field(approx_quantile(duration, 0.95) filter");
  });
});

describe("versions", () => {
  const versions = readVersions(answer(["service_version", "first_seen", "last_seen", "spans"], [["1", at(60_000), at(200_000), 9], ["2", at(200_000), at(230_000), 4], [null, at(220_000), at(230_000), 1], ["bad", "no time", "", 0]]));
  it("without a moment are left out", () => expect(versions.map((version) => version.name)).toEqual(["1", "2", ""]));
  it("are deployments where they began within the range", () => expect(deployments(versions, range, 10_000).map((version) => version.name)).toEqual(["2"]));
});

describe("order", () => {
  const all = [figures("b", 10, 5, 100), figures("a", 10, 0, null), figures("c", 1000, 10, 50)];
  const names = (list: Figures[]): string => list.map((one) => one.name).join("");
  it("is by requests unless the address says otherwise", () => {
    expect(names(sortFigures(all, readFigureSort(null)))).toBe("cab");
    expect(names(sortFigures(all, readFigureSort("-errors")))).toBe("bca");
    expect(names(sortFigures(all, readFigureSort("name")))).toBe("abc");
    expect(names(sortFigures(all, readFigureSort("-p95")))).toBe("bca");
    expect(names(sortFigures(all, readFigureSort("nonsense")))).toBe("cab");
  });
  it("turns round when chosen again", () => {
    expect(nextFigureSort({ column: "p95", descending: true }, "p95")).toBe("p95");
    expect(nextFigureSort({ column: "p95", descending: false }, "requests")).toBeNull();
    expect(nextFigureSort({ column: "p95", descending: false }, "name")).toBe("name");
  });
  it("knows the slowest and those that fail most", () => {
    expect([names(slowest(all)), names(mostFailing(all))]).toEqual(["bc", "cb"]);
    expect(errorShare({ requests: 0, errors: 0 })).toBe(0);
  });
});

describe("statements", () => {
  it("quote names", () => {
    expect(operationsStatement("o'r", range, true, "counted")).toContain("service_name = 'o''r'");
    expect(callsStatement("o'r", range, "callers")).toContain("(p.service_name is distinct from 'o''r')\n  and c.service_name = 'o''r'");
  });
  it("leave own telemetry out unless wanted", () => expect([servicesStatement(range, false, "counted"), servicesStatement(range, true, "counted")].map((text) => text.includes("'spanlake'"))).toEqual([true, false]));
  it("hold a join to the end of the range", () => {
    expect(callsRange({ startMs: 0, endMs: 86_400_000 })).toEqual({ startMs: 85_500_000, endMs: 86_400_000 });
    expect(callsRange(range)).toEqual(range);
  });
});

it("draws lines within their box", () => {
  expect(sparkline([0, 5, 10], 20, 10)).toEqual({ line: "M0 10L10 5L20 0", area: "M0 10L10 5L20 0L20 10L0 10Z", most: 10 });
  expect(sparkline([], 20, 10).area).toBe("");
  expect(sparkline([0, 0], 20, 10).line).toBe("M0 10H20");
  expect(sparkline([4], 20, 10, 8).line).toBe("M0 5H20");
});

it("writes rates in the unit that reads best", () => {
  expect([rateOf(20, 10), rateOf(0, 10), rateOf(10, 60), rateOf(1, 3600), rateOf(5, 0)].map(({ value, unit }) => `${value} ${unit}`)).toEqual(["2 second", "0 second", "10 minute", "1 hour", "5G second"]);
});
