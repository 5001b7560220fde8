// Guarantees: what people type into the filters of the logs is understood, and none of it leaves its quotes in SQL.
import { describe, expect, it } from "vitest";
import { attributeTests, readLogFilter, textWords, withAttribute, type LogFilter } from "./logFilter";
import { contextStatement, filterConditions, histogramStatement, pageStatement, tailStatement } from "./logStatements";

const filter: LogFilter = { service: "", level: "", text: "", attributes: "", range: "1h", internal: true };
const window = { startNs: "100", endNs: "200" };

it("reads the address and ignores what it does not know", () => {
  expect(readLogFilter("?service=cart&level=warn&q=x&attr=a=b&range=15m&internal=true")).toEqual({ service: "cart", level: "warn", text: "x", attributes: "a=b", range: "15m", internal: true });
  expect(readLogFilter("?level=loud")).toMatchObject({ level: "", range: "1h" });
});

describe("words of the body", () => {
  it.each([
    ["timeout retry", ["timeout", "retry"]], ['"card declined" -retry', ["card declined", "!retry"]], ['-"a b"', ["!a b"]], ["", []], ["-", []], ['"', []], ['"open', ["open"]],
  ])("%s", (text, words) => expect(textWords(text).map((word) => (word.isExcluded ? "!" : "") + word.text)).toEqual(words));
});

describe("attributes", () => {
  it.each([
    ["a=b", ["a=b"]], ["a!=b", ["!a=b"]], ["a", ["a"]], ["-a", ["!a"]], ['a="x y" c', ["a=x y", "c"]], ['"a b"=c', ["a b=c"]], ["http.route=/cart?x=1", ["http.route=/cart?x=1"]], ["a=", ["a="]], ["-a!=b", ["a=b"]], ["=", []],
  ])("%s", (text, tests) => expect(attributeTests(text).map((one) => `${one.isExcluded ? "!" : ""}${one.key}${one.value === null ? "" : `=${one.value}`}`)).toEqual(tests));
  it("are added once, quoted where they must be, and read back", () => {
    expect(withAttribute("", "a", "b")).toBe("a=b");
    expect(withAttribute("a=b", "a", "b")).toBe("a=b");
    const both = withAttribute(withAttribute("x=1", "k v", "it is"), "k v", "it is");
    expect(both).toBe('x=1 "k v"="it is"');
    expect(attributeTests(both)).toEqual([{ key: "x", value: "1", isExcluded: false }, { key: "k v", value: "it is", isExcluded: false }]);
    expect(attributeTests(withAttribute("", "a", ""))).toEqual([{ key: "a", value: "", isExcluded: false }]);
  });
});

describe("statements", () => {
  it("quote what was typed, also for patterns", () => {
    const [body] = filterConditions({ ...filter, text: `50%_\\'` });
    expect(body).toContain(String.raw`ilike '%50\%\_\\''%'`);
    expect(filterConditions({ ...filter, attributes: `a'b=c'd` })[0]).toBe("((attributes['a''b'] = 'c''d') or (resource_attributes['a''b'] = 'c''d'))");
    expect(filterConditions({ ...filter, service: "o'r" })).toEqual(["service_name = 'o''r'"]);
  });
  it("leave own telemetry out unless it is wanted or named", () => {
    expect(filterConditions({ ...filter, internal: false })).toEqual(["(service_name is distinct from 'spanlake')"]);
    expect(filterConditions(filter)).toEqual([]);
  });
  it("turn tests round", () => {
    expect(filterConditions({ ...filter, attributes: "-a" })).toEqual(["((attributes['a'] is null) and (resource_attributes['a'] is null))"]);
    expect(filterConditions({ ...filter, attributes: "a!=b" })[0]).toContain("(attributes['a'] is distinct from 'b') and");
    expect(filterConditions({ ...filter, text: "-x" })[0]).toMatch(/^not concat/);
  });
  it("go on in a total order", () => {
    const statement = pageStatement(filter, window, { timeNs: "150", known: 3 }, 50);
    expect(statement).toContain("time <= to_timestamp_nanos(150)");
    expect(statement).toMatch(/order by time desc, received_time, .*body\nlimit 50\noffset 3$/);
    expect(pageStatement(filter, window, null, 50)).not.toContain("offset");
  });
  it("take nothing but digits as a time", () => expect(tailStatement(filter, "1); drop", "x", 1)).toContain("received_time >= to_timestamp_nanos(0)"));
  it("count in whole milliseconds", () => expect(histogramStatement(filter, window, 500)).toContain("interval '500 milliseconds'"));
  it("bound the search for context", () => expect(contextStatement("cart", "99000000000000000", "before", 9)).toContain(`time >= to_timestamp_nanos(${99000000000000000n - 21600000000000n})`));
});
