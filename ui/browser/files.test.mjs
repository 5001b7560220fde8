// Scenario: a reader compares two traces, takes one along as a page of its own, and opens traces from files.
// Guarantees: a comparison is a link; a downloaded page works without a server and executes nothing of the trace; a
// file is read in the browser and nothing of it is sent.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { startMock } from "../mock/server.mjs";
import { FAILING, HEALTHY, ODD } from "../mock/store.mjs";
import { launchBrowser, openPage } from "./launch.mjs";

let mock;
let chromium;
let view;
let folder;
const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's traces" : false };

before(async () => {
  mock = await startMock();
  chromium = await launchBrowser();
  folder = await mkdtemp(join(tmpdir(), "spanlake-files-"));
});
after(async () => {
  await chromium?.close();
  mock?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  view = await openPage(chromium.browser);
  view.page.setDefaultTimeout(10_000);
});
afterEach(async () => {
  await view.close();
});

const go = (path) => view.page.goto(mock.url + path);

async function chooseFile(name, text) {
  const path = join(folder, name);
  await writeFile(path, text);
  await view.page.getByLabel("Trace file").setInputFiles(path);
}

test("two traces are chosen, laid on each other, swapped, and reached by a link", options, async () => {
  const { page } = view;
  await go(`/trace/${HEALTHY}`);
  await page.getByRole("button", { name: "Copy or download the trace" }).click();
  await page.getByRole("menuitem", { name: "Compare with another trace" }).click();
  await page.waitForURL(new RegExp(`/compare\\?a=${HEALTHY}`));
  await page.locator(".compare-offers button").first().waitFor();
  await page.getByLabel("B, the second trace").last().fill(FAILING.toUpperCase());
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(`b=${FAILING}`));
  const rows = page.locator(".compare-rows .compare-row");
  await rows.filter({ hasText: "publish orders" }).and(page.locator('[data-verdict="onlyA"]')).waitFor();
  const count = async () => Number(/^(\d+) rows?$/.exec(await page.locator(".compare-tools .muted").textContent())[1]);
  const all = await count();
  await page.getByRole("button", { name: "Only differences" }).click();
  await page.waitForURL(/only=differences/);
  assert.ok((await count()) <= all);
  await page.getByRole("button", { name: "Swap A and B" }).click();
  await rows.filter({ hasText: "publish orders" }).and(page.locator('[data-verdict="onlyB"]')).waitFor();
  await page.reload();
  await rows.filter({ hasText: "shop.Payment/Charge" }).first().getByRole("link").first().click();
  await page.locator(".span-panel h2", { hasText: "shop.Payment/Charge" }).waitFor();
  await go(`/compare?a=${FAILING}&b=${FAILING}&only=differences`);
  await page.getByText("The two differ in nothing").waitFor();
  await go(`/compare?a=${FAILING}&b=${"ab".repeat(16)}`);
  await page.getByText("There is no such trace").waitFor();
  assert.deepEqual(view.problems.filter((text) => !/status of 404/.test(text)), []);
});

test("a trace becomes a page of its own that needs no server and runs nothing of the trace", options, async () => {
  const { page } = view;
  await go(`/trace/${ODD.script}`);
  await page.getByRole("button", { name: "Copy or download the trace" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Download as a page of its own" }).click();
  const file = await download;
  const path = join(folder, "alone.html");
  await file.saveAs(path);
  const alone = await openPage(chromium.browser);
  alone.page.on("dialog", () => assert.fail("a script of the trace ran"));
  const asked = [];
  alone.page.on("request", (request) => asked.push(request.url()));
  await alone.page.goto(`file://${path}`);
  await alone.page.locator("details.row").first().locator("summary").click();
  await alone.page.locator(".detail dd", { hasText: "<script>alert" }).first().waitFor();
  await alone.page.locator(".detail .log").getByText("<script>").waitFor();
  await alone.page.getByRole("searchbox").fill("no such thing");
  assert.equal(await alone.page.locator("details.row:visible").count(), 0);
  assert.deepEqual(asked, [`file://${path}`]);
  assert.deepEqual(alone.problems, []);
  await alone.close();
});

test("OTLP and Jaeger files open in the browser, with panel, flame and logs, and nothing is sent", options, async () => {
  const { page } = view;
  const id = "0af7651916cd43dd8448eb211c80319c";
  const otlp = { resourceSpans: [{ resource: { attributes: [{ key: "service.name", value: { stringValue: "from-file" } }] }, scopeSpans: [{ spans: [
    { traceId: id, spanId: "b7ad6b7169203331", name: "root of the file", kind: 2, startTimeUnixNano: "1732165200000000000", endTimeUnixNano: "1732165200100000000", attributes: [{ key: "evil", value: { stringValue: "<img src=x onerror=alert(1)>" } }] },
    { traceId: id, spanId: "b7ad6b7169203332", parentSpanId: "b7ad6b7169203331", name: "child of the file", startTimeUnixNano: "1732165200010000000", endTimeUnixNano: "1732165200050000000" },
  ] }] }], };
  await go("/file");
  const sent = [];
  page.on("request", (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await chooseFile("otlp.json", JSON.stringify(otlp));
  await page.waitForURL(new RegExp(`/trace/file%3A${id}`));
  await page.locator(".waterfall-row", { hasText: "root of the file" }).click();
  await page.locator(".span-panel").getByText("<img src=x").waitFor();
  await page.getByText("from a file").waitFor();
  await page.getByRole("tab", { name: "Flame" }).click();
  await page.locator(".flame canvas").waitFor();
  await page.getByRole("button", { name: "Copy or download the trace" }).click();
  assert.equal(await page.getByRole("menuitem", { name: "Copy as curl" }).count(), 0);
  assert.deepEqual(sent.filter((one) => !/GET \/(assets\/|favicon|api\/status$|api\/services$)/.test(one)), []);
  await page.reload();
  await page.getByText("Choose the file once more.").waitFor();
  await page.getByRole("link", { name: "Open a trace file" }).click();
  const jaeger = { data: [1, 2].map((trace) => ({ traceID: `a${trace}`, processes: { p1: { serviceName: "jaeger-shop" } }, spans: [{ traceID: `a${trace}`, spanID: "1", operationName: `order ${trace}`, processID: "p1", startTime: 1732165200000000 + trace, duration: 100, references: [] }] })) };
  await chooseFile("jaeger.json", JSON.stringify(jaeger));
  await page.getByText("2 traces in jaeger.json").waitFor();
  await page.getByRole("link", { name: /order 2/ }).click();
  await page.locator(".waterfall-row", { hasText: "order 2" }).waitFor();
  assert.deepEqual(view.problems, []);
});

test("what we let people download can be opened again; what is no trace is said", options, async () => {
  const { page } = view;
  const answer = await fetch(`${mock.url}/api/traces/${FAILING}`).then((response) => response.text());
  await go("/file");
  await chooseFile("other.json", '{"hello": 1}');
  await page.getByText("holds no trace that can be read").waitFor();
  await chooseFile("own.json", answer);
  await page.waitForURL(/\/trace\/file/);
  await page.locator(".waterfall-row").first().waitFor();
  await page.keyboard.press("l");
  await page.locator(".waterfall-log").nth(2).waitFor();
  assert.ok((await readFile(join(folder, "own.json"), "utf8")).length > 1000);
  assert.deepEqual(view.problems, []);
});

test("both pages fit a phone", options, async () => {
  const { page } = view;
  await page.setViewportSize({ width: 390, height: 780 });
  for (const path of ["/file", `/compare?a=${HEALTHY}&b=${FAILING}`, `/trace/${FAILING}?tab=flame`, `/trace/${FAILING}?tab=table&by=span`]) {
    await go(path);
    await page.waitForLoadState("networkidle");
    const width = await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.querySelector(".header").scrollWidth));
    assert.ok(width <= 390, `${path} is ${width} px wide`);
  }
});
