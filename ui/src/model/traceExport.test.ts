// Guarantees: what is copied works when pasted, whatever the id looks like, and holds no token.
import { expect, it } from "vitest";
import { curlCommand, traceStatement, traceTableStatement } from "./traceExport";

const ID = "5b8efff798038103d269b633813fc60c";

it("writes a line for a shell", () => {
  expect(curlCommand("http://localhost:4300", ID, false)).toBe(`curl -sS --compressed 'http://localhost:4300/api/traces/${ID}'`);
});

it("names the token's variable, never the token", () => {
  expect(curlCommand("https://lake", ID, true)).toBe(`curl -sS --compressed -H "Authorization: Bearer $SPANLAKE_TOKEN" 'https://lake/api/traces/${ID}'`);
});

it("lets no id out of its quotes", () => {
  expect(curlCommand("http://x", "a'; rm -rf /; '", false)).toBe(`curl -sS --compressed 'http://x/api/traces/a'\\''%3B%20rm%20-rf%20%2F%3B%20'\\'''`);
  expect(traceStatement("a' or 1=1 --")).toContain("trace_id = 'a'' or 1=1 --'");
  expect(traceTableStatement("a' or 1=1 --")).toContain("trace_id = 'a'' or 1=1 --'");
});

it("writes a statement", () => expect(traceStatement(ID)).toBe(`select * from spans\nwhere trace_id = '${ID}'\norder by start_time, span_id`));
