// Scenario: a reader looks closer at one trace, in ways that need more than its skeleton. Guarantees: what is shown is
// in the address and survives a reload, the keyboard reaches it, and nothing breaks the content policy.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { startMock } from "../mock/server.mjs";
import { FAILING, HEALTHY, ODD } from "../mock/store.mjs";
import { launchBrowser, openPage } from "./launch.mjs";

let mock;
let chromium;
let view;
let asked;
const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's traces" : false };

before(async () => {
  mock = await startMock();
  chromium = await launchBrowser();
});
after(async () => {
  await chromium?.close();
  mock?.close();
});
beforeEach(async () => {
  // High enough for every row of the shop's trace.
  view = await openPage(chromium.browser, { height: 1800 });
  view.page.setDefaultTimeout(10_000);
  asked = [];
  view.page.on("request", (request) => asked.push(request.url().replace(mock.url, "")));
});
afterEach(async () => {
  await view.close();
});

const go = (path) => view.page.goto(mock.url + path);
/** Ticks are painted: what each means is the title of the row while the pointer is on it. */
async function titlesAlong(page, row) {
  const box = await row.boundingBox();
  const found = new Set();
  for (let x = box.width * 0.36; x < box.width - 4; x += 6) {
    await page.mouse.move(box.x + x, box.y + 14);
    const title = await row.getAttribute("title");
    if (title?.startsWith("Event")) found.add(title);
  }
  return [...found];
}

const wholeTraceAsked = (id) => asked.filter((path) => path === `/api/traces/${id}`).length;

test("log lines stand under their span, open in the panel by mouse and by key, and survive a reload", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}`);
  await page.locator('.waterfall-row[aria-description*="1 log record"]').first().waitFor();
  await page.keyboard.press("l");
  await page.locator(".waterfall-log").nth(4).waitFor();
  assert.equal(await page.locator(".waterfall-log").count(), 5);
  assert.equal(wholeTraceAsked(FAILING), 1);
  const failed = page.locator('.waterfall-log[data-level="error"]');
  const [spanBox, logBox] = [await page.locator(".waterfall-row", { hasText: "shop.Payment/Charge" }).last().boundingBox(), await failed.boundingBox()];
  assert.equal(Math.round(logBox.y - spanBox.y), 28);
  await failed.click();
  const panel = page.getByRole("complementary", { name: "Log record" });
  await panel.getByText("charge failed for order o-99121").waitFor();
  await panel.getByText("order.id").waitFor();
  await page.waitForURL(/logs=on.*log=|log=.*logs=on/);
  await page.reload();
  await panel.getByText("charge failed for order o-99121").waitFor();
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  await page.locator(".waterfall-log button").first().focus();
  await page.keyboard.press("Enter");
  await panel.getByText("PlaceOrder user=u-48213").waitFor();
  await panel.getByRole("button", { name: "shop.CheckoutService/PlaceOrder" }).click();
  await page.locator(".span-panel h2", { hasText: "shop.CheckoutService/PlaceOrder" }).waitFor();
  await page.getByRole("button", { name: "Log lines" }).click();
  await page.locator(".waterfall-log").first().waitFor({ state: "detached" });
  assert.deepEqual(view.problems, []);
});

test("a large trace's log lines come by SQL, at their exact moments", options, async () => {
  const { page } = view;
  await go(`/trace/${ODD.deep}?logs=on`);
  await page.locator(".waterfall-log", { hasText: "said at level 1" }).getByText("+50 ms").click();
  // Half of 99.99 ms after a span that began 10 µs after the trace: cut to milliseconds it would end in zeros.
  await page.getByText(/50 ms after the trace began · 50 ms after the span began · .*005000Z/).waitFor();
  assert.equal(wholeTraceAsked(ODD.deep), 0);
  assert.ok(asked.includes("/api/sql"));
});

test("a trace without log records offers none", options, async () => {
  await go(`/trace/${ODD.huge}`);
  await view.page.locator(".waterfall-row").first().waitFor({ timeout: 20_000 });
  assert.ok(await view.page.getByRole("button", { name: "Log lines" }).isDisabled());
  assert.equal(wholeTraceAsked(ODD.huge), 0);
});

test("events are ticks on the bars, and exceptions stand out", options, async () => {
  await go(`/trace/${FAILING}`);
  const { page } = view;
  const row = page.locator(".waterfall-row", { hasText: "payment shop.Payment/Charge" });
  await row.waitFor();
  await page.waitForLoadState("networkidle");
  assert.deepEqual(await titlesAlong(page, row), ["Event: retry", "Event: exception"]);
  assert.equal(wholeTraceAsked(FAILING), 1);
});

test("a huge trace is never fetched whole for its ticks: only opened spans have them", options, async () => {
  await go(`/trace/${ODD.huge}`);
  await view.page.locator(".waterfall-row").first().waitFor({ timeout: 20_000 });
  const row = view.page.locator(".waterfall-row").first();
  assert.deepEqual(await titlesAlong(view.page, row), []);
  await row.click();
  await view.page.locator(".span-panel").getByText("half way").first().waitFor();
  assert.deepEqual(await titlesAlong(view.page, row), ["Event: half way"]);
  assert.equal(wholeTraceAsked(ODD.huge), 0);
});

test("a child outside its parent's time is marked, and the panel says by how much", options, async () => {
  const { page } = view;
  await go(`/trace/${ODD.skew}`);
  await page.locator(".waterfall-row").nth(6).waitFor();
  const marked = await page.locator(".waterfall-row", { has: page.locator(".skew-mark") }).evaluateAll((rows) => rows.map((row) => row.querySelector(".row-operation").textContent));
  assert.deepEqual(marked, ["charge early", "quote late"]);
  await page.getByText("charge early").click();
  await page.getByRole("note").getByText("Starts 12 ms before its parent (frontend: call payment)").waitFor();
  await page.getByText("quote late").click();
  await page.getByRole("note").getByText("Ends 60 ms after its parent (frontend: call shipping)").waitFor();
  assert.deepEqual(view.problems, []);
});

test("the table sums the trace by operation, sorts, and leads to the spans of a row", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}`);
  await page.getByRole("tab", { name: "Table" }).click();
  await page.waitForURL(/tab=table/);
  const firstName = page.locator(".operation-rows .operation").first().locator('[data-column="name"]');
  await firstName.getByText("POST https://issuer.example/charges").waitFor();
  await page.locator(".operation.head").getByRole("button", { name: "Spans" }).click();
  await page.waitForURL(/sort=-count/);
  await page.getByRole("columnheader", { name: "Spans" }).and(page.locator('[aria-sort="descending"]')).waitFor();
  await page.locator(".operation.head").getByRole("button", { name: "Operation" }).click();
  await page.waitForURL(/sort=name/);
  await page.reload();
  await firstName.getByText("calculate quote").waitFor();
  await page.setViewportSize({ width: 390, height: 780 });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
  const row = page.locator(".operation", { hasText: "SELECT shop.products" });
  await row.getByRole("link").focus();
  await page.keyboard.press("Enter");
  await page.locator(".span-panel h2", { hasText: "SELECT shop.products" }).waitFor();
  await page.getByText("5 of 7").waitFor();
  await page.goBack();
  await row.waitFor();
  assert.deepEqual(view.problems, []);
});

test("the table of a huge trace has few rows in the document", options, async () => {
  await go(`/trace/${ODD.huge}?tab=table`);
  await view.page.locator(".operation-rows .operation").first().waitFor({ timeout: 20_000 });
  assert.ok((await view.page.locator(".operation").count()) < 100);
});

test("the menu copies curl and SQL, downloads JSON, and keeps its keys to itself", options, async () => {
  const { page } = view;
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await go(`/trace/${FAILING}`);
  await page.locator(".waterfall-row").first().waitFor();
  const opener = page.getByRole("button", { name: "Copy or download the trace" });
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await opener.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Copy as curl" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("menu").getByText("Copied").waitFor();
  assert.equal(await copied(), `curl -sS --compressed '${mock.url}/api/traces/${FAILING}'`);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.locator('[role="menuitem"]:nth-child(2)[data-state="done"]').waitFor();
  assert.match(await copied(), new RegExp(`from spans\\nwhere trace_id = '${FAILING}'`));
  await page.keyboard.press("j");
  assert.equal(await page.locator("[data-cursor]").count(), 0);
  const download = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Download JSON" }).click();
  const file = await download;
  assert.equal(file.suggestedFilename(), `trace-${FAILING}.json`);
  assert.equal(JSON.parse(await readFile(await file.path(), "utf8")).spans.length, 54);
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  assert.ok(await opener.evaluate((button) => button === document.activeElement));
  await opener.click();
  await page.locator(".overview").click({ position: { x: 20, y: 20 } });
  await page.getByRole("menu").waitFor({ state: "detached" });
  assert.deepEqual(view.problems, []);
});

test("every tool of the waterfall is within a phone's width, also while searching", options, async () => {
  const { page } = view;
  await page.setViewportSize({ width: 390, height: 780 });
  await go(`/trace/${FAILING}?q=shop&zoom=100000000-200000000`);
  await page.locator(".match-count").waitFor();
  const rightmost = await page.locator(".toolbar :is(button, input)").evaluateAll((all) => Math.max(...all.map((one) => one.getBoundingClientRect().right)));
  assert.ok(rightmost <= 390, `a tool ends at ${rightmost} px`);
});

test("repeated siblings take one row, which opens by its sign, by key, and for what a search finds", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}`);
  await page.locator(".waterfall-row").first().waitFor();
  const folded = page.locator(".waterfall-row[data-fold]");
  assert.equal(await folded.count(), 2);
  assert.equal(await page.locator(".waterfall-row").count(), 54 - 35 + 2);
  await folded.first().getByRole("button", { name: /Show all 7/ }).click();
  await page.locator(".waterfall-row").nth(30).waitFor();
  await page.getByRole("button", { name: "Fold these 7 into one row" }).click();
  await page.keyboard.press("f");
  await page.waitForURL(/fold=off/);
  await page.locator(".waterfall-row").nth(53).waitFor();
  await page.keyboard.press("f");
  await page.waitForURL((url) => !url.searchParams.has("fold"));
  await page.keyboard.press("/");
  await page.keyboard.type("currency service=currency");
  await page.keyboard.press("Enter");
  await page.locator(".waterfall-row[data-cursor]", { hasText: "currency" }).waitFor();
  assert.deepEqual(view.problems, []);
});

test("the flame view opens spans by click and shares zoom and search with the waterfall", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}?tab=flame`);
  const canvas = page.locator(".flame canvas");
  await canvas.click({ position: { x: 300, y: 9 } });
  await page.locator(".span-panel h2", { hasText: "POST /checkout" }).waitFor();
  await page.waitForURL(/span=/);
  await page.keyboard.press("/");
  await page.keyboard.type("SELECT");
  await page.keyboard.press("Enter");
  await page.locator(".span-panel h2", { hasText: "SELECT shop.products" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.getByRole("tab", { name: "Waterfall" }).click();
  await page.locator(".waterfall-row").first().waitFor();
  await go(`/trace/${ODD.huge}?tab=flame`);
  await canvas.waitFor({ timeout: 20_000 });
  await go(`/trace/${ODD.cycle}?tab=flame`);
  await canvas.waitFor();
  assert.deepEqual(view.problems, []);
});

test("the table counts by service and span by span, sorted, each row leading to its span", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}?tab=table`);
  await page.getByRole("button", { name: "Services", exact: true }).click();
  await page.waitForURL(/by=service/);
  assert.equal(await page.locator(".operation-rows .operation").count(), 9);
  await page.getByRole("button", { name: "Spans", exact: true }).first().click();
  await page.waitForURL(/by=span/);
  await page.getByRole("button", { name: "Duration" }).click();
  await page.waitForURL(/sort=-duration/);
  await page.reload();
  await page.locator(".operation-rows .span-row").first().getByRole("link", { name: "POST /checkout" }).click();
  await page.locator(".span-panel h2", { hasText: "POST /checkout" }).waitFor();
  assert.deepEqual(view.problems, []);
});

test("spans are coloured by any field: the choice is in the address, the legend finds spans", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}`);
  await page.getByRole("button", { name: "Colours" }).click();
  await page.getByRole("radio", { name: "kind" }).click();
  await page.waitForURL(/colour=kind/);
  await page.locator(".colour-value", { hasText: "server" }).click();
  await page.waitForURL(/q=kind%3Dserver/);
  await page.locator(".match-count", { hasText: "21" }).waitFor();
  await page.getByRole("button", { name: "Coloured by kind" }).click();
  await page.getByRole("combobox", { name: /any attribute/ }).fill("http.response.status_code");
  await page.keyboard.press("Enter");
  await page.waitForURL(/colour=http\.response\.status_code/);
  await page.locator(".colour-value", { hasText: "504" }).waitFor();
  await page.reload();
  await page.locator(".colour-value", { hasText: "without" }).waitFor();
  await page.getByRole("tab", { name: "Flame" }).or(page.getByRole("link", { name: "Flame" })).first().click();
  await page.locator(".colour-value", { hasText: "504" }).waitFor();
  assert.deepEqual(view.problems, []);
});

test("the graph shows who calls whom in the trace, and leads to the spans of a node", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}`);
  await page.getByRole("tab", { name: "Graph" }).click();
  await page.waitForURL(/tab=graph/);
  await page.locator(".map-node").first().waitFor();
  assert.equal(await page.locator(".map-node").count(), 9);
  await page.getByRole("button", { name: "Operations" }).click();
  await page.waitForURL(/by=operation/);
  await page.locator(".map-node", { hasText: "SELECT shop.products" }).focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=service/);
  await page.locator(".match-count", { hasText: "7" }).waitFor();
  assert.deepEqual(view.problems, []);
});

test("a trace and a span are told beside others like them", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}`);
  await page.locator(".waterfall-row").nth(3).click();
  await page.locator(".span-usual", { hasText: /^Median .* p95 .* failed\./ }).waitFor();
  await go(`/trace/${HEALTHY}`);
  await page.locator(".usual-fact").click();
  await page.waitForURL(/tab=table&by=usual|by=usual&tab=table/);
  await page.locator(".shape-row:not(.head)").nth(3).waitFor();
  assert.match(await page.locator(".shape-note").innerText(), /This trace takes .* the median of \d+ traces of the same shape takes/);
  await page.locator(".shape-row:not(.head) a").first().click();
  await page.waitForURL(/span=/);
  await go(`/trace/${ODD.cycle}?tab=table&by=usual`);
  await page.getByText(/Too few traces have the same shape/).waitFor();
  assert.deepEqual(view.problems, []);
});

test("a span has the metrics of its process beside it, and the way to their chart", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}?q=${encodeURIComponent("kind=server shop.Payment")}`);
  await page.locator(".waterfall-row").first().waitFor();
  await page.keyboard.press("n");
  await page.keyboard.press("Enter");
  const lines = page.locator(".span-metrics li");
  await lines.filter({ hasText: /process\.cpu\.utilization.*%/s }).waitFor();
  await lines.filter({ hasText: /process\.memory\.usage.*MB/s }).waitFor();
  await page.getByRole("link", { name: "process.cpu.utilization" }).click();
  await page.waitForURL(/\/metrics\/explore\?a=avg/);
  assert.match(new URL(page.url()).searchParams.get("a"), /service_instance_id="payment-/);
});
