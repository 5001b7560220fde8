// Scenario: a reader looks at dashboards, makes one, and brings one along from Grafana. Guarantees: shipped boards show
// data in every panel; a broken panel leaves the others alone; what is edited is saved, in this browser or on the server,
// and nobody's work is written over; documents that cannot be read are refused with a sentence.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's metrics" : false };

let mock;
let view;
useMock((its) => ({ mock, view } = its), { prepare: (its) => { its.state.boards = undefined; } });

const go = (path) => view.page.goto(mock.url + path);
// A server that keeps no dashboards says 404 once.
const noProblems = () => assert.deepEqual(view.problems.filter((text) => !/status of (400|404|412)|Applying inline style/.test(text)), []);
const panel = (title) => view.page.locator(`.panel[aria-label="${title}"]`);

test("shipped dashboards are listed and show data in every panel", options, async () => {
  const { page } = view;
  await go("/");
  await page.locator(".trace-row").first().waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  await page.waitForURL(/\/boards$/);
  await page.locator(".board-card").nth(4).waitFor();
  for (const name of ["services", "hosts", "spanlake", "mysql", "service?var-service=frontend"]) {
    await go(`/boards/${name}`);
    await page.locator(".panel").first().waitFor();
    for (let at = 0; at < 3; at++) await page.locator(".board-page").evaluate((board) => board.scrollBy(0, 700)).then(() => page.waitForLoadState("networkidle"));
    await page.locator(".panel-waiting").first().waitFor({ state: "detached" });
    const empty = await page.locator(".panel:has(.panel-note, .panel-problem)").evaluateAll((panels) => panels.map((one) => one.textContent));
    assert.deepEqual(empty, name === "spanlake" ? ["Its own operationsNo data"] : [], name);
  }
  noProblems();
});

test("where spans were sampled out, shipped dashboards show estimates and say so; a plain count says that it is too small", options, async () => {
  const { page } = view;
  const asked = [];
  // The mock knows no weights: each estimate is answered as the count that it stands for.
  const counted = (text) => text
    .replace("get_field(approx_sum(case when status_code = 'error' then 1 else 0 end), 'value')", "count(*) filter (where status_code = 'error')")
    .replaceAll("get_field(approx_count(), 'value')", "count(*)")
    .replaceAll(/get_field\(approx_quantile\(duration, ([\d.]+)\), 'value'\)/g, "cast(approx_percentile_cont(duration, $1) as bigint)");
  await page.route("**/api/sql", async (route) => {
    const body = route.request().postDataJSON();
    const isOfSpans = /from spans/.test(body.query);
    const answer = await route.fetch({ postData: JSON.stringify({ ...body, query: counted(body.query) }) });
    const said = await answer.json();
    if (isOfSpans) asked.push(/approx_(count|sum|quantile)\(/.test(body.query) ? "estimated" : "counted");
    if (isOfSpans && asked.at(-1) === "counted") Object.assign(said, { stats: { ...said.stats, sampled_files: 2 }, warning: "plain counts are too small" });
    await route.fulfill({ response: answer, json: said });
  });
  await go("/boards/services");
  const signs = page.locator('.panel .warn-text[title*="estimates"]');
  await signs.nth(5).waitFor();
  assert.ok(asked.includes("estimated"));
  await panel("Request rate").locator(".stat-figure, .figure, strong").first().waitFor();
  await page.evaluate((board) => localStorage.setItem("spanlake.board.own", JSON.stringify(board)), {
    version: 1, title: "Own", range: "1h", panels: [{ id: "p", title: "Plain", kind: "timeseries", x: 0, y: 0, w: 12, h: 8, queries: [{ sql: "select date_bin($__interval, start_time) as time,\n  count(*) as spans\nfrom spans\nwhere $__timeFilter(start_time)\ngroup by 1\norder by time" }] }],
  });
  await go("/boards/own");
  await panel("Plain").locator('.warn-text[title*="too small"]').waitFor();
  await page.unroute("**/api/sql");
  noProblems();
});

const KINDS = {
  version: 1, title: "Kinds", range: "1h", panels: [
    { id: "t", title: "By TraceQL", kind: "timeseries", x: 0, y: 0, w: 12, h: 8, queries: [{ traceql: "{ status = error } | rate() by (resource.service.name)" }] },
    { id: "b", title: "Bars", kind: "bar", x: 12, y: 0, w: 12, h: 8, queries: [{ traceql: "{ } | rate() by (resource.service.name)" }] },
    { id: "h", title: "Spread", kind: "histogram", unit: "s", x: 0, y: 8, w: 12, h: 8, queries: [{ promql: "sum by (le) (rate(http_server_request_duration_seconds_bucket[$__rate_interval]))" }] },
    { id: "v", title: "Values", kind: "histogram", x: 12, y: 8, w: 12, h: 8, queries: [{ promql: "process_memory_usage_bytes" }] },
    { id: "m", title: "Map", kind: "map", x: 0, y: 16, w: 12, h: 10 },
    { id: "n", title: "Round checkout", kind: "map", x: 12, y: 16, w: 12, h: 10, map: { service: "checkout" } },
    { id: "w", title: "Wrong", kind: "timeseries", x: 0, y: 26, w: 12, h: 6, queries: [{ traceql: "nonsense" }] },
  ],
};

test("histograms, the service map and TraceQL are drawn; a node leads to its service", options, async () => {
  const { page } = view;
  mock.state.boards = new Map([["kinds", { text: JSON.stringify(KINDS), number: 1 }]]);
  await go("/boards/kinds");
  await panel("By TraceQL").locator("canvas").waitFor();
  await panel("Bars").locator(".bar-line", { hasText: "frontend" }).waitFor();
  for (const title of ["Spread", "Values"]) assert.ok((await panel(title).locator(".histogram-bin").count()) > 3, title);
  await panel("Map").scrollIntoViewIfNeeded();
  await panel("Map").locator(".map-node").first().waitFor();
  const around = await panel("Round checkout").locator(".map-node").count();
  assert.ok(around > 2 && around < (await panel("Map").locator(".map-node").count()), String(around));
  await page.locator(".board-page").evaluate((board) => board.scrollTo(0, 9999));
  await panel("Wrong").locator(".panel-problem").waitFor();
  await page.setViewportSize({ width: 1440, height: 1400 });
  if (process.env.SHOT) await page.screenshot({ path: process.env.SHOT });
  await panel("Map").locator("[data-node]", { hasText: "payment" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/services\/payment/);
  noProblems();
});

test("variables, range and the panel shown alone are in the address", options, async () => {
  const { page } = view;
  await go("/boards/service");
  await page.locator(".variable .button").click();
  await page.getByRole("option", { name: "checkout" }).click();
  await page.waitForURL(/var-service=checkout/);
  await panel("Logs of checkout").waitFor();
  await panel("Requests and errors").hover();
  await panel("Requests and errors").getByRole("button", { name: "Show alone" }).click();
  await page.waitForURL(/panel=rate/);
  assert.equal(await page.locator(".panel").count(), 1);
  await page.keyboard.press("Escape");
  await panel("Operations").waitFor();
  await page.keyboard.press("k");
  await page.locator(".board-page[data-kiosk]").waitFor();
  assert.equal(await page.locator(".header").isVisible(), false);
  await page.getByRole("button", { name: "Full screen" }).click();
  await page.waitForFunction(() => document.fullscreenElement !== null);
  await page.getByRole("button", { name: "Full screen" }).click();
  await page.waitForFunction(() => document.fullscreenElement === null);
  noProblems();
});

test("a board is made, edited by pointer and keys, saved, and downloaded", options, async () => {
  const { page } = view;
  await go("/boards");
  await page.getByRole("button", { name: "New dashboard" }).click();
  await page.waitForURL(/\/boards\/untitled-dashboard\?edit=on/);
  await page.getByRole("button", { name: "Panel", exact: true }).click();
  await page.locator(".panel-editor .cm-content").waitFor();
  await page.getByLabel("Title").fill("Memory");
  await page.locator(".panel-editor .cm-content").click();
  await page.keyboard.type("sum by (job) (process_memory_usage_bytes)");
  await page.locator(".editor-preview .u-wrap canvas").waitFor();
  await page.getByLabel("Unit").selectOption("By");
  await page.getByRole("button", { name: "Done" }).click();
  await panel("Memory").locator(".u-wrap canvas").waitFor();
  await page.getByRole("button", { name: "Panel", exact: true }).click();
  await page.getByLabel("Title").fill("Broken");
  await page.locator(".panel-editor .cm-content").click();
  await page.keyboard.type("sum by job (x)");
  await page.getByLabel("Kind").selectOption("stat");
  await page.getByRole("button", { name: "Done" }).click();
  await panel("Broken").locator(".panel-problem", { hasText: /line 1, column 8: unexpected "job"/ }).waitFor();
  await panel("Memory").locator(".u-wrap canvas").waitFor();
  const cell = page.locator(".board-cell", { has: panel("Memory") });
  const before = await cell.boundingBox();
  await cell.focus();
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowLeft");
  await page.waitForTimeout(250);
  const resized = await cell.boundingBox();
  assert.ok(resized.height > before.height + 20 && resized.width < before.width - 20, JSON.stringify([before, resized]));
  const handle = await page.locator(".board-cell", { has: panel("Broken") }).locator(".move-handle").boundingBox();
  await page.mouse.move(handle.x + 8, handle.y + 8);
  await page.mouse.down();
  await page.mouse.move(handle.x - 900, handle.y + 8, { steps: 6 });
  await page.mouse.up();
  await page.waitForTimeout(250);
  const moved = await page.locator(".board-cell", { has: panel("Broken") }).boundingBox();
  assert.ok(moved.x < before.x + 10 && moved.y < before.y + 10, JSON.stringify(moved));
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForFunction(() => !location.search.includes("edit"));
  await page.reload();
  await panel("Memory").locator(".u-wrap canvas").waitFor();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download as JSON" }).click();
  const file = JSON.parse(readFileSync(await (await download).path(), "utf8"));
  assert.deepEqual([file.version, file.panels.length, file.panels[0].unit], [1, 2, "By"]);
  noProblems();
});

test("what the explorer shows becomes a panel", options, async () => {
  const { page } = view;
  await go("/metrics/explore?name=process.memory.usage");
  await page.getByRole("button", { name: "To a dashboard" }).click();
  await page.getByRole("button", { name: "On a new dashboard" }).click();
  await page.waitForURL(/\/boards\/untitled-dashboard/);
  await panel("process.memory.usage").locator(".u-wrap canvas").waitFor();
  noProblems();
});

test("a Grafana dashboard is imported with a report; what is none is refused", options, async () => {
  const { page } = view;
  await go("/boards");
  await page.getByRole("button", { name: "Import" }).click();
  const paste = page.getByLabel("or paste the JSON");
  await paste.fill('{"version": 9, "title": "x", "panels": []}');
  await page.getByText("format version 9").waitFor();
  await paste.fill('{"a": 1}');
  await page.getByText("neither a Spanlake dashboard nor a Grafana one").waitFor();
  await paste.fill('{"a": ');
  await page.getByText("line 1, column 7").waitFor();
  await paste.fill(readFileSync(new URL("../src/model/fixtures/grafana-http.json", import.meta.url), "utf8"));
  await page.locator(".import-report").getByText("furlongs").waitFor();
  await page.locator(".import-dialog").getByRole("button", { name: "Import" }).click();
  await page.waitForURL(/\/boards\/http-of-the-shop/);
  await panel("Requests").waitFor();
  await page.locator(".board-row", { hasText: "Details" }).click();
  await panel("Durations").waitFor({ state: "detached" });
  noProblems();
});

test("where the server keeps dashboards they are kept there, and nobody's work is written over", options, async () => {
  const { page } = view;
  mock.state.boards = new Map([["team", { number: 1, text: JSON.stringify({ version: 1, title: "Team", panels: [{ id: "a", kind: "text", title: "Note", text: "# Hello\n\n[traces](/) <b>no</b>", x: 0, y: 0, w: 12, h: 4 }] }) }]]);
  await go("/boards");
  await page.locator(".board-card", { hasText: "Team" }).click();
  await page.locator(".text-panel").getByText("<b>no</b>").waitFor();
  await page.keyboard.press("e");
  await panel("Note").getByRole("button", { name: "Copy the panel" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForFunction(() => !location.search.includes("edit"));
  assert.equal(JSON.parse(mock.state.boards.get("team").text).panels.length, 2);
  mock.state.boards.get("team").number = 7;
  await page.keyboard.press("e");
  await panel("Note").first().getByRole("button", { name: "Remove the panel" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody else saved this dashboard meanwhile").waitFor();
  assert.equal(JSON.parse(mock.state.boards.get("team").text).panels.length, 2);
  noProblems();
});

test("a stored document that is broken says where, and a phone is wide enough", options, async () => {
  const { page } = view;
  await go("/boards");
  await page.evaluate(() => localStorage.setItem("spanlake.board.bad", '{"version": 1, "title": "B", "panels": [{"id": "a", "kind": "pie"}]}'));
  await go("/boards/bad");
  await page.getByText(/panels\[0\]\.(kind|w)/).waitFor();
  await go("/boards/nothing-of-that-name");
  await page.getByText("There is no such dashboard").waitFor();
  await page.setViewportSize({ width: 390, height: 780 });
  for (const path of ["/boards", "/boards/services", "/boards/mysql", "/boards/mysql?edit=on"]) {
    await go(path);
    await page.waitForLoadState("networkidle");
    assert.ok((await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.querySelector(".board-page, .boards-page").scrollWidth))) <= 390, path);
  }
  noProblems();
});

test("a variable with 100,000 values is chosen from by typing", options, async () => {
  const { page } = view;
  const values = Array.from({ length: 100_000 }, (_, number) => `host-${number}`);
  const board = { version: 1, title: "Many", variables: [{ name: "host", kind: "list", values, multi: true, all: true }], panels: [{ id: "a", title: "of $host", kind: "text", text: "$host", x: 0, y: 0, w: 12, h: 6 }] };
  mock.state.boards = new Map([["many", { number: 1, text: JSON.stringify(board) }]]);
  await go("/boards/many");
  await page.locator(".variable button").click();
  assert.ok(await page.locator('[role="option"]').count() <= 200);
  await page.keyboard.type("host-4242");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await panel("of host-4242").waitFor();
  mock.state.boards = undefined;
  noProblems();
});
