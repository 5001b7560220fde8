// Scenario: a reader leaves a chart live. Guarantees: what comes is drawn without being asked for, over one connection; after a
// break nothing is missing; where the server has no such route the page asks instead; a mistake stands where it belongs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useMock } from "./launch.mjs";

const mocked = { skip: process.env.SPANLAKE_URL ? "needs the mock's metrics" : false };
const real = { skip: process.env.SPANLAKE_URL ? false : "needs a server that takes numbers" };

let mock;
let view;
useMock((its) => ({ mock, view } = its), { prepare: (given) => { given.state.missing = []; given.state.down = false; } });

const query = "sum(process_memory_usage_bytes)";
const explore = (parameters) => view.page.goto(`${mock.url}/metrics/explore?${new URLSearchParams({ a: query, range: "5m", live: "on", ...parameters })}`);

/** Every WebSocket of the page, and requests for values over time since a moment. */
function watch(page) {
  const seen = { sockets: [], frames: 0, ranges: 0 };
  page.on("websocket", (socket) => {
    seen.sockets.push(socket.url());
    socket.on("framereceived", () => seen.frames++);
  });
  page.on("request", (request) => {
    if (request.url().includes("/query_range") && (request.postData() ?? "").includes("process_memory")) seen.ranges++;
  });
  return seen;
}

test("live, one connection tells every chart, and nothing is asked for", mocked, async () => {
  const { page } = view;
  const seen = watch(page);
  await explore({ b: "count(process_memory_usage_bytes)" });
  await page.locator(".explorer-chart .u-wrap").first().waitFor();
  await page.getByText("a point each 1 s").waitFor();
  await page.waitForTimeout(1500);
  assert.equal(seen.sockets.length, 1);
  assert.match(seen.sockets[0], /^ws:.*\/api\/live$/);
  assert.ok(seen.frames >= 2, `${seen.frames} frames`);
  assert.equal(seen.ranges, 0);
  assert.deepEqual(view.problems, []);
  await page.getByRole("button", { name: "Live" }).click();
  await page.getByText("a point each 1 s").waitFor();
});

test("a connection that breaks comes back, and it is said meanwhile", mocked, async () => {
  const { page } = view;
  const seen = watch(page);
  await explore();
  await page.locator(".explorer-chart .u-wrap").first().waitFor();
  mock.state.down = true;
  mock.cutLive();
  await page.getByText("connection lost, trying again").waitFor();
  assert.equal(await page.locator(".explorer-chart .u-wrap").count(), 1, "what is known stays");
  mock.state.down = false;
  await page.getByText("connection lost, trying again").waitFor({ state: "detached" });
  assert.ok(seen.sockets.length >= 2);
});

test("a server without the route is asked instead", mocked, async () => {
  const { page } = view;
  const seen = watch(page);
  mock.state.missing = ["/api/live"];
  await explore();
  await page.locator(".explorer-chart .u-wrap").first().waitFor();
  assert.ok(seen.ranges >= 1);
});

test("a dashboard is live too, and a panel that is wrong leaves the others alone", mocked, async () => {
  const { page } = view;
  const board = { version: 1, title: "Live", range: "5m", panels: [
    { id: "a", title: "Memory", kind: "timeseries", x: 0, y: 0, w: 12, h: 8, unit: "By", queries: [{ promql: query }] },
    { id: "b", title: "Wrong", kind: "stat", x: 12, y: 0, w: 6, h: 8, queries: [{ promql: "sum((" }] },
    { id: "c", title: "Rows", kind: "table", x: 18, y: 0, w: 6, h: 8, queries: [{ promql: "count(process_memory_usage_bytes)" }] },
  ] };
  mock.state.boards = new Map([["live", { number: 1, text: JSON.stringify(board) }]]);
  const seen = watch(page);
  await page.goto(`${mock.url}/boards/live?refresh=live`);
  await page.locator('.panel[aria-label="Memory"] .u-wrap').waitFor();
  await page.locator('.panel[aria-label="Wrong"] [role="alert"]').waitFor();
  await page.locator('.panel[aria-label="Rows"] [role="row"], .panel[aria-label="Rows"] td').first().waitFor();
  assert.equal(seen.sockets.length, 1);
  await page.getByLabel("Memory").getByRole("button", { name: "Forecast" }).click();
  await page.locator('.panel[aria-label="Memory"]').getByText("(forecast)").waitFor();
  mock.state.boards = undefined;
});

test("a number that was acknowledged is on the chart within seconds", real, async () => {
  const { page } = view;
  const url = process.env.SPANLAKE_URL.replace(/\/$/, "");
  const push = (value) => fetch(`${url}/api/push`, { method: "POST", headers: { "Content-Type": "text/plain" }, body: `live_browser_test=${value}` });
  await push(1);
  await page.goto(`${url}/metrics/explore?${new URLSearchParams({ a: "live_browser_test", range: "5m", live: "on" })}`);
  await page.locator(".series-legend").getByText("1", { exact: true }).first().waitFor();
  assert.equal((await push(4242)).status, 200);
  await page.locator(".series-legend").getByText("4242").first().waitFor({ timeout: 5000 });
  assert.deepEqual(view.problems, []);
});
