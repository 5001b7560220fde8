// Scenario: a reader narrows the list of traces by counts, by a region of the heatmap and by what differs about it,
// pages through it and keeps a search. Guarantees: everything is in the address and can be undone, and a server that
// does not count yet, or stops searching early, still shows its list.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's traffic" : false };

let mock;
let view;
useMock((its) => ({ mock, view } = its), { prepare: (its) => Object.assign(its.state, { missing: [], searchBound: null }) });

const go = (path) => view.page.goto(mock.url + path);
const search = () => new URL(view.page.url()).searchParams;
const rows = () => view.page.locator(".trace-row:not(.head)");
const noProblems = () => assert.deepEqual(view.problems.filter((text) => !/status of 4\d\d/.test(text)), []);
const facet = (name) => view.page.locator(".facet", { has: view.page.getByRole("heading", { name, exact: true }) });

async function brush(x0, y0, x1, y1) {
  const canvas = view.page.locator(".heat-canvas");
  await canvas.waitFor();
  const box = await canvas.boundingBox();
  await view.page.mouse.move(box.x + box.width * x0, box.y + box.height * y0);
  await view.page.mouse.down();
  await view.page.mouse.move(box.x + box.width * x1, box.y + box.height * y1, { steps: 4 });
  await view.page.mouse.up();
}

test("a brushed region narrows the list, and one chip goes back", options, async () => {
  const { page } = view;
  await go("/?live=off&range=1h");
  await page.locator(".picture-note", { hasText: "root spans" }).waitFor();
  await brush(0.5, 0.08, 0.8, 0.3);
  await page.waitForURL(/sel=\d+-\d+_\d+-/);
  await page.getByRole("button", { name: "Only these" }).click();
  await page.waitForURL((url) => url.searchParams.has("min") && url.searchParams.get("was") === "range=1h");
  assert.match(search().get("range"), /^\d+-\d+$/);
  assert.equal(search().get("sel"), null);
  await rows().first().waitFor();
  await page.getByRole("button", { name: "Back to before the selection" }).click();
  await page.waitForFunction(() => !/was=/.test(location.search));
  assert.deepEqual([search().get("range"), search().get("min")], ["1h", null]);
  noProblems();
});

test("a region leads to the slowest trace in it", options, async () => {
  const { page } = view;
  await go("/?live=off&range=1h");
  await page.locator(".picture-note", { hasText: "root spans" }).waitFor();
  await brush(0.5, 0.08, 0.8, 0.3);
  await page.getByRole("button", { name: "Slowest trace" }).click();
  await page.waitForURL(/\/trace\/[0-9a-f]{32}/);
  await page.locator(".waterfall-row").first().waitFor();
  noProblems();
});

test("what differs about a region is said, and a value of it becomes the filter", options, async () => {
  const { page } = view;
  await go("/?live=off");
  await brush(0.5, 0.08, 0.85, 0.25);
  await page.getByRole("button", { name: "What is different here?" }).click();
  const panel = page.getByRole("complementary", { name: "What is different" });
  await panel.locator(".difference").nth(3).waitFor();
  const region = panel.locator(".difference", { has: page.getByText("app.region", { exact: true }) });
  await region.getByRole("button", { name: /^Only app.region = ap-south-1/ }).click();
  await page.waitForURL((url) => url.searchParams.get("filter") === 'span.app.region = "ap-south-1"');
  await page.reload();
  await panel.locator(".difference").first().waitFor();
  await panel.getByRole("button", { name: "Close" }).click();
  await panel.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Take the selection away" }).click();
  await page.getByRole("button", { name: "What do the errors share?" }).click();
  await page.waitForURL(/sel=__error/);
  await panel.getByText("all errors").waitFor();
  noProblems();
});

test("the heatmap is moved over and brushed by key", options, async () => {
  const { page } = view;
  await go("/?live=off");
  await page.locator(".heat-canvas").focus();
  await page.keyboard.press("ArrowLeft");
  await page.locator(".picture-note strong", { hasText: "span" }).waitFor();
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Shift+ArrowUp");
  await page.waitForURL(/sel=/);
  await page.keyboard.press("d");
  await page.getByRole("complementary", { name: "What is different" }).waitFor();
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !/sel=|diff=/.test(location.search));
});

test("counts narrow the list: in, out, and an attribute of one's own", options, async () => {
  const { page } = view;
  await go("/?live=off");
  await facet("Service").getByRole("button", { name: /^payment:/ }).click();
  await page.waitForURL((url) => url.searchParams.get("filter") === 'resource.service.name = "payment"');
  await facet("Status").getByRole("button", { name: /^error:/ }).click({ modifiers: ["Alt"] });
  await page.waitForURL((url) => url.searchParams.get("filter") === 'resource.service.name = "payment" and not status = error');
  await facet("Service").getByRole("button", { name: /^payment:/ }).click();
  await page.waitForURL((url) => url.searchParams.get("filter") === "not status = error");
  await page.getByRole("button", { name: "Add an attribute" }).click();
  await page.keyboard.type("region");
  await page.keyboard.press("Enter");
  await page.waitForURL(/keys=app.region/);
  await facet("app.region").locator(".facet-value").first().hover();
  await facet("app.region").getByRole("button", { name: /^Without eu-west-1/ }).click();
  await page.waitForURL((url) => url.searchParams.get("filter") === 'not status = error and not span.app.region = "eu-west-1"');
  await rows().first().waitFor();
  await facet("app.region").getByRole("button", { name: "Take app.region away" }).click();
  await facet("app.region").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Hide what to narrow by" }).click();
  await page.waitForURL(/facets=off/);
  noProblems();
});

test("a filter is completed by key, and what is wrong with it is underlined", options, async () => {
  const { page } = view;
  await go("/?live=off");
  const field = page.getByRole("combobox", { name: "Filter or TraceQL" });
  const option = (name) => page.locator(".suggestions").getByRole("option", { name });
  await field.focus();
  await page.keyboard.type("serv");
  await option(/^resource.service.name attribute/).waitFor();
  await page.keyboard.press("Tab");
  await option(/^= equal/).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.keyboard.type("pay");
  await option("payment").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await field.inputValue(), 'resource.service.name = "payment" ');
  await page.keyboard.type("a");
  await page.keyboard.press("Tab");
  await page.keyboard.type("span.app.reg");
  await option("span.app.region").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.type("= ");
  await option("ap-south-1").click();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.searchParams.get("filter") === 'resource.service.name = "payment" and span.app.region = "ap-south-1"');
  await rows().first().waitFor();
  await field.fill("status = error ann kind = client");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.locator(".query-marks mark", { hasText: "ann" }).waitFor();
  await page.locator(".filter.query .field-error", { hasText: /^1:16 filter: / }).waitFor();
  noProblems();
});

test("pages are appended, live waits for them, and no trace comes twice", options, async () => {
  const { page } = view;
  await go("/");
  await rows().first().waitFor();
  const more = page.getByRole("button", { name: "Show more" });
  const scroller = page.locator(".trace-rows");
  for (const count of ["100 traces", "150 traces"]) {
    await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await more.click();
    await page.locator(".list-note", { hasText: count }).waitFor();
  }
  assert.ok((await rows().count()) < 60, "only rows on screen are in the document");
  await page.getByText("Live waits while older traces are shown").waitFor();
  await page.getByRole("button", { name: "Back to the newest" }).click();
  await page.locator(".list-note", { hasText: "50 traces" }).waitFor();
  noProblems();
});

test("columns and their order are in the address", options, async () => {
  const { page } = view;
  await go("/?live=off");
  await page.getByRole("button", { name: "Duration", exact: true }).click();
  await page.waitForURL(/sort=-duration/);
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByLabel("Trace id", { exact: true }).check();
  await page.getByLabel("Services", { exact: true }).uncheck();
  await page.waitForURL(/columns=duration%2Cspans%2Cerrors%2CtraceId/);
  await page.keyboard.press("Escape");
  await page.reload();
  await page.getByRole("columnheader", { name: "Trace id" }).waitFor();
  assert.equal(await page.getByRole("columnheader", { name: "Services" }).count(), 0);
  const widths = await page.locator(".duration-bar").evaluateAll((bars) => bars.map((bar) => Number.parseFloat(bar.style.width)));
  assert.equal(widths[0], 100);
  assert.deepEqual(widths, [...widths].sort((a, b) => b - a));
});

test("two traces of the list are compared, by key and by mouse, and the first can be let go", options, async () => {
  const { page } = view;
  await go("/?live=off");
  await rows().first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("c");
  await page.waitForURL(/compare=[0-9a-f]{32}/);
  const first = search().get("compare");
  await page.locator(".comparing").getByRole("button").click();
  await page.waitForFunction(() => !/compare=/.test(location.search));
  await rows().first().hover();
  await rows().first().getByRole("button", { name: /^Compare with another/ }).click();
  await page.waitForURL(/compare=/);
  assert.equal(search().get("compare"), first);
  await page.keyboard.press("j");
  await page.keyboard.press("c");
  await page.waitForURL((url) => url.pathname === "/compare" && url.searchParams.get("a") === first && url.searchParams.get("b") !== first);
  noProblems();
});

test("a search is kept by name, found again from the palette, and forgotten", options, async () => {
  const { page } = view;
  await go("/?live=off&status=error&filter=kind%20%3D%20client");
  await page.getByRole("button", { name: "Saved searches" }).click();
  await page.getByLabel("Name", { exact: true }).fill("failing clients");
  await page.getByRole("button", { name: "Save this search" }).click();
  await page.getByText("shown now").waitFor();
  await go("/");
  await rows().first().waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to" }).fill("failing cli");
  await page.getByRole("option", { name: /failing clients/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/status=error/);
  assert.equal(search().get("filter"), "kind = client");
  await page.getByRole("button", { name: "Saved searches" }).click();
  await page.getByRole("button", { name: "Delete failing clients" }).click();
  await page.getByText("Searches that you save are kept in this browser.").waitFor();
});

test("a search that stopped early says so and goes on", options, async () => {
  const { page } = view;
  mock.state.searchBound = 60_000;
  await go("/?live=off&filter=duration%20%3E%205s");
  await page.getByText(/^Nothing found back to/).waitFor();
  await page.getByRole("button", { name: "Search further" }).click();
  await rows().first().waitFor();
  await page.getByText("That is all in this time range").waitFor();
});

test("a server that does not count yet shows its list with the points", options, async () => {
  const { page } = view;
  mock.state.missing = ["/api/traces/facets", "/api/traces/heatmap", "/api/traces/compare"];
  await go("/");
  await rows().first().waitFor();
  await page.locator(".scatter canvas").waitFor();
  await page.locator(".facets").waitFor({ state: "detached" });
  assert.equal(await page.locator(".error-note, .field-error, .heat-canvas").count(), 0);
  noProblems();
});

test("the list, its facets and its differences fit a phone", options, async () => {
  const { page } = view;
  await page.setViewportSize({ width: 390, height: 780 });
  for (const path of ["/", "/?facets=on", "/?sel=__error&diff=on"]) {
    await go(path);
    await page.waitForLoadState("networkidle");
    assert.ok((await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.querySelector(".traces-page").scrollWidth))) <= 390, path);
  }
  await page.getByRole("button", { name: "Filters" }).click();
  await page.getByLabel("Min duration").waitFor();
  await go("/?live=off");
  await brush(0.3, 0.1, 0.9, 0.5);
  await page.getByRole("button", { name: "Only these" }).click();
  await page.waitForURL(/min=/);
});
