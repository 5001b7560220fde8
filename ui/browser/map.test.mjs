// Scenario: a reader looks at who calls whom, by pointer, by key and as a table. Guarantees: the same figures everywhere,
// every node leads on, where one looks is in the address, and a server that has no map yet says so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's traffic" : false };

let mock;
let view;
useMock((its) => ({ mock, view } = its), { prepare: (its) => Object.assign(its.state, { missing: [], mapNodes: 0 }) });

const go = (path) => view.page.goto(mock.url + path);
const node = (id) => view.page.locator(`[data-node="${id}"]`);
const panel = () => view.page.getByRole("complementary", { name: "The chosen service" });
const noProblems = () => assert.deepEqual(view.problems.filter((text) => !/status of 4\d\d/.test(text)), []);

test("a node tells its figures, its neighbours lead on, and links lead to its traces", options, async () => {
  const { page } = view;
  await go("/");
  await page.getByRole("link", { name: "Map", exact: true }).click();
  await page.waitForURL(/\/map$/);
  await node("checkout").hover();
  await page.locator(".scatter-tip", { hasText: "24 requests, 13 % failed" }).waitFor();
  await node("checkout").click();
  await page.waitForURL(/node=checkout/);
  await panel().getByRole("button", { name: "payment" }).click();
  await page.waitForURL(/node=payment/);
  assert.match(await panel().getByRole("link", { name: "Service page" }).getAttribute("href"), /^\/services\/payment/);
  await panel().getByRole("link", { name: "Traces in which checkout calls payment" }).click();
  await page.waitForURL((url) => url.pathname === "/" && url.searchParams.get("filter") === '{ resource.service.name = "checkout" } > { resource.service.name = "payment" }');
  await page.goBack();
  await panel().waitFor();
  await page.keyboard.press("Escape");
  await panel().waitFor({ state: "detached" });
  await node("database:redis").click();
  await panel().getByRole("link", { name: "Traces", exact: true }).click();
  await page.locator(".trace-row:not(.head)").first().waitFor();
  noProblems();
});

test("keys go from node to node, zoom and move; where one looks survives a reload", options, async () => {
  const { page } = view;
  await go("/map");
  await node("frontend").focus();
  await page.keyboard.press("ArrowRight");
  const next = await page.evaluate(() => document.activeElement.getAttribute("data-node"));
  assert.ok(next && next !== "frontend");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.searchParams.get("node") === next);
  await page.keyboard.press("+");
  await page.keyboard.press("Shift+ArrowRight");
  await page.waitForURL(/at=/);
  const before = await page.locator(".map-canvas > g").getAttribute("transform");
  await page.reload();
  await panel().waitFor();
  const after = await page.locator(".map-canvas > g").getAttribute("transform");
  assert.deepEqual(after.match(/-?\d+/g).slice(0, 2), before.match(/-?\d+/g).slice(0, 2));
  await page.getByRole("button", { name: "Show all" }).click();
  await page.waitForFunction(() => !/at=/.test(location.search));
});

test("dragging moves the map and chooses nothing, the wheel zooms", options, async () => {
  const { page } = view;
  await go("/map");
  await node("frontend").waitFor();
  const transform = () => page.locator(".map-canvas > g").getAttribute("transform");
  const before = await transform();
  const box = await node("frontend").locator(".node-body").boundingBox();
  await page.mouse.move(box.x + 10, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + 90, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/at=/);
  assert.notEqual(await transform(), before);
  assert.equal(new URL(page.url()).searchParams.get("node"), null);
  await page.mouse.wheel(0, -400);
  await page.waitForFunction(() => Number(new URLSearchParams(location.search).get("at")?.split(",")[2]) > 1.2);
});

test("the table says the same, sorted and found by name", options, async () => {
  const { page } = view;
  await go("/map");
  await page.getByRole("button", { name: "Table" }).click();
  await page.waitForURL(/view=table/);
  await page.getByRole("button", { name: "Errors" }).click();
  await page.waitForURL(/sort=-errors/);
  await page.getByRole("tab", { name: /^Calls/ }).click();
  await page.getByRole("button", { name: "checkout → payment" }).waitFor();
  await page.getByLabel("Find a service").fill("redis");
  await page.waitForURL(/q=redis/);
  await page.getByRole("button", { name: "cart → redis" }).click();
  await panel().getByRole("heading", { name: "cart" }).waitFor();
  noProblems();
});

test("200 services are drawn and answer", options, async () => {
  const { page } = view;
  mock.state.mapNodes = 200;
  const started = Date.now();
  await go("/map");
  await page.locator(".map-node").nth(199).waitFor({ state: "attached", timeout: 20_000 });
  const took = Date.now() - started;
  await node("svc-30").click();
  await panel().waitFor();
  await page.getByRole("button", { name: "Table" }).click();
  await page.locator(".map-row").nth(5).waitFor();
  assert.ok((await page.locator(".map-row").count()) < 80, "only rows on screen are in the document");
  process.stdout.write(`# 200 services: drawn after ${took} ms (mock included)\n`);
  noProblems();
});

test("a phone begins with the table and has the map one press away", options, async () => {
  const { page } = view;
  await page.setViewportSize({ width: 390, height: 780 });
  await go("/map");
  await page.locator(".map-row").nth(3).waitFor();
  await page.getByRole("button", { name: "Map", exact: true }).click();
  await node("frontend").waitFor();
  assert.ok((await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.querySelector(".header").scrollWidth))) <= 390);
});

test("no spans and no map are said", options, async () => {
  const { page } = view;
  await go("/map?range=1000-2000");
  await page.getByText("No service has sent spans in this time range").waitFor();
  mock.state.missing = ["/api/service-map"];
  await go("/map");
  await page.getByText("This server does not draw the map yet").waitFor();
  noProblems();
});
