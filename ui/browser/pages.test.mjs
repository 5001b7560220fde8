// Scenario: a reader goes through every page of a server with telemetry. Guarantees: each shows its content, state is in
// the address, and nothing breaks the content policy. Where SPANLAKE_URL names a real server, only what every server
// can answer is asked; the rest needs the mock's own traces.
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { FAILING, HEALTHY, ODD } from "../mock/store.mjs";
import { launchBrowser, openPage, openServer } from "./launch.mjs";

let server;
let chromium;
let view;
const onlyMock = { skip: process.env.SPANLAKE_URL ? "needs the mock's traces" : false };

before(async () => {
  server = await openServer();
  chromium = await launchBrowser();
});
after(async () => {
  await chromium?.close();
  server?.close();
});
beforeEach(async () => {
  view = await openPage(chromium.browser);
  view.page.setDefaultTimeout(10_000);
});
afterEach(async () => {
  await view.close();
});

const go = (path) => view.page.goto(server.url + path);
const search = () => new URL(view.page.url()).searchParams;
const noProblems = () => assert.deepEqual(view.problems.filter((text) => !/status of 4\d\d/.test(text)), []);

test("the list opens a trace, and every page loads under the content policy", async () => {
  await go("/?live=off&range=24h");
  const row = view.page.locator(".trace-row:not(.head)").first();
  await row.click();
  await view.page.waitForURL(/\/trace\/[0-9a-f]{32}/);
  await view.page.locator(".waterfall-row").first().waitFor();
  for (const path of ["/services?range=24h", "/logs?range=24h&q=-nothing&attr=-nothing%20a!%3Db&level=trace", "/logs?range=24h&live=on", "/compare", "/file"]) {
    await go(path);
    await view.page.locator(".figure-rows .figure-row, .logs-rows .logs-row, .compare-choice, .file-drop, .nothing, .empty-store").first().waitFor();
    assert.equal(await view.page.locator(".error-note, .field-error").count(), 0, path);
  }
  await go("/services?range=24h");
  const service = view.page.locator(".figure-row .row-link").first();
  if (await service.count()) {
    await service.click();
    await view.page.locator(".u-wrap canvas").nth(1).waitFor();
    await view.page.locator(".call-sides").waitFor();
    assert.equal(await view.page.locator(".error-note").count(), 0);
  }
  await go("/metrics/explore");
  await view.page.locator(".metric-cards, .nothing, .empty-store").first().waitFor();
  await go(`/sql?run=1&q=${encodeURIComponent("select service_name, count(*) as spans from spans group by service_name")}`);
  await view.page.locator(".sql-row").nth(1).waitFor();
  noProblems();
});

test("a query narrows the list, and what is wrong with one is said where it stands", async () => {
  await go("/?live=off&range=24h");
  const field = view.page.locator(".filter.query input");
  await field.fill("{ status = error");
  await field.press("Enter");
  await view.page.locator(".filter.query .field-error", { hasText: /^1:\d+ filter: / }).waitFor();
  await field.fill("{ status = error }");
  await field.press("Enter");
  await view.page.locator(".filter.query .field-error").waitFor({ state: "detached" });
  assert.equal(search().get("filter"), "{ status = error }");
  await view.page.locator(".trace-row:not(.head), .nothing").first().waitFor();
  noProblems();
});

test("the box takes a trace id in any spelling", onlyMock, async () => {
  await go("/");
  for (const text of [FAILING, FAILING.toUpperCase(), `0x${FAILING}`, "W47/95gDgQPSabYzgT/GDA==", `00-${FAILING}-00f067aa0ba902b7-01`]) {
    await view.page.keyboard.press("i");
    await view.page.locator("#trace-id-box").fill(text);
    await view.page.keyboard.press("Enter");
    await view.page.waitForURL(`**/trace/${FAILING}`);
    await go("/");
  }
  await view.page.locator("#trace-id-box").fill("not an id");
  await view.page.keyboard.press("Enter");
  await view.page.getByText("That is not a trace id").waitFor();
});

test("filters are in the address and are applied", onlyMock, async () => {
  await go("/");
  await view.page.getByLabel("Service").selectOption("email");
  await view.page.getByLabel("Status").selectOption("error");
  await view.page.waitForURL(/service=email.*status=error/);
  await go("/?min=99h");
  await view.page.getByText("No trace matches").waitFor();
  await view.page.getByRole("button", { name: "Clear the filters" }).click();
  await view.page.locator(".trace-row:not(.head)").first().waitFor();
});

test("keys move, open, collapse, search, zoom, and all of it survives a reload", onlyMock, async () => {
  await go(`/trace/${FAILING}`);
  const { page } = view;
  await page.locator(".waterfall-row").first().waitFor();
  await page.keyboard.press("e");
  await page.keyboard.press("Enter");
  await page.locator(".span-panel h2").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("status=error kind=server payment");
  await page.keyboard.press("Enter");
  await page.locator(".span-panel h2", { hasText: "shop.Payment/Charge" }).waitFor();
  await page.locator(".event-head", { hasText: "PaymentDeclinedError" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".search-field input").blur();
  await page.keyboard.press("z");
  await page.waitForFunction(() => /zoom=/.test(location.search) && /span=/.test(location.search));
  const before = page.url();
  await page.reload();
  await page.locator(".span-panel h2", { hasText: "shop.Payment/Charge" }).waitFor();
  assert.equal(page.url(), before);
  await page.keyboard.press("Escape");
  await page.locator(".span-panel").waitFor({ state: "detached" });
  await page.keyboard.press("0");
  await page.getByRole("button", { name: "Collapse all" }).click();
  assert.equal(await page.locator(".waterfall-row").count(), 1);
  await page.getByLabel(/errors? below/).or(page.getByLabel("Error", { exact: true })).first().waitFor();
  await page.keyboard.press("}");
  await page.waitForFunction(() => document.querySelectorAll(".waterfall-row").length > 1);
  noProblems();
});

test("a link goes to the other trace, and back", onlyMock, async () => {
  await go(`/trace/${FAILING}`);
  await view.page.locator(".waterfall-row").first().click();
  await view.page.getByRole("link", { name: HEALTHY }).click();
  await view.page.waitForURL(new RegExp(HEALTHY));
  await view.page.goBack();
  await view.page.waitForURL(new RegExp(FAILING));
});

test("dragging on the overview zooms, a double click shows everything again", onlyMock, async () => {
  await go(`/trace/${FAILING}`);
  const overview = view.page.locator(".overview");
  await overview.waitFor();
  const box = await overview.boundingBox();
  await view.page.mouse.move(box.x + box.width * 0.25, box.y + 20);
  await view.page.mouse.down();
  await view.page.mouse.move(box.x + box.width * 0.5, box.y + 25, { steps: 4 });
  await view.page.mouse.up();
  await view.page.waitForFunction(() => /zoom=/.test(location.search));
  const [from, to] = search().get("zoom").split("-").map(Number);
  assert.ok(Math.abs((to - from) / 674e6 - 0.25) < 0.03, `zoomed to ${to - from}`);
  await overview.dblclick({ position: { x: box.width * 0.4, y: 10 } });
  await view.page.waitForFunction(() => !/zoom=/.test(location.search));
});

test("a trace of 100,000 spans is drawn, scrolled and searched with few rows in the document", onlyMock, async () => {
  const started = Date.now();
  await go(`/trace/${ODD.huge}`);
  await view.page.locator(".waterfall-row").first().waitFor({ timeout: 20_000 });
  const took = Date.now() - started;
  assert.ok((await view.page.locator(".waterfall-row").count()) < 100);
  await view.page.keyboard.press("End");
  await view.page.locator('[data-cursor="true"]').waitFor();
  await view.page.keyboard.press("/");
  await view.page.keyboard.type("status=error");
  await view.page.getByText("23", { exact: true }).first().waitFor();
  await view.page.keyboard.press("Enter");
  await view.page.locator(".waterfall-row[data-error]").first().waitFor();
  assert.ok((await view.page.locator(".waterfall-row").count()) < 100);
  process.stdout.write(`# 100,101 spans: first row after ${took} ms (mock included)\n`);
  noProblems();
});

test("odd traces are drawn, said, and run no script", onlyMock, async () => {
  const warned = async (id, text) => {
    await go(`/trace/${id}`);
    await view.page.getByText(text).first().waitFor();
  };
  await warned(ODD.cycle, "2 cycles of parents");
  await warned(ODD.noRoot, "2 parents named but not received");
  await warned(ODD.negative, "1 span ending before it starts");
  await warned(ODD.negative, "1 span with an id already used");
  await warned(ODD.deep, "5,000 levels");
  let dialogs = 0;
  view.page.on("dialog", (dialog) => {
    dialogs++;
    void dialog.dismiss();
  });
  await go(`/trace/${ODD.script}`);
  await view.page.locator(".waterfall-row").first().click();
  await view.page.locator(".attribute").first().waitFor();
  await go(`/trace/${ODD.script}?tab=logs`);
  await view.page.locator(".log-row").first().waitFor();
  assert.equal(dialogs, 0);
  assert.equal(await view.page.locator("main script, main img[src='x']").count(), 0);
  noProblems();
});

test("a trace that does not exist is said so", async () => {
  await go("/trace/00000000000000000000000000000fff");
  await view.page.getByText("There is no such trace").waitFor();
});
