// Scenario: a trace, a chart and a dashboard stand in iframes of a ticket. Guarantees: nothing of the page round them is
// there, the theme is what the address says, links open a window of their own, and the line to copy is what is looked at.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FAILING } from "../mock/store.mjs";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs a server that may be framed" : false };

let mock;
let view;
useMock((its) => ({ mock, view } = its), { prepare: (its) => Object.assign(its.state, { frameAncestors: "*" }) });

/** The page in a frame of another one. */
async function framed(path) {
  const body = `<!doctype html><iframe src="${mock.url}${path}" width="900" height="520"></iframe>`;
  await view.page.unroute("**/ticket");
  await view.page.route("**/ticket", (route) => route.fulfill({ contentType: "text/html", body }));
  await view.page.goto(`${mock.url}/ticket`);
  const frame = view.page.frameLocator("iframe");
  await frame.locator(".shell[data-embedded]").waitFor();
  assert.equal(await frame.locator("header.header, nav").count(), 0);
  return frame;
}

test("a trace", options, async () => {
  const frame = await framed(`/trace/${FAILING}?embed=1&theme=dark`);
  await frame.locator(".waterfall-row").first().waitFor();
  assert.equal(await frame.locator("html").getAttribute("data-theme"), "dark");
  await frame.getByRole("tab", { name: "Flame" }).click();
  await frame.locator(".flame canvas, canvas").first().waitFor();
  const opened = view.page.context().waitForEvent("page");
  await frame.getByRole("link", { name: "Open in Spanlake" }).click();
  const whole = await opened;
  assert.equal(whole.url(), `${mock.url}/trace/${FAILING}?tab=flame`);
  await whole.locator("header.header").waitFor();
  await whole.close();
});

test("a link to another page opens a window of its own", options, async () => {
  const { page } = view;
  const frame = await framed(`/services?embed=1`);
  const opened = page.context().waitForEvent("page");
  await frame.getByRole("link", { name: "checkout" }).first().click();
  const other = await opened;
  assert.match(other.url(), /\/services\/checkout/);
  await frame.getByRole("link", { name: "checkout" }).first().waitFor();
  await other.close();
});

test("a chart of the explorer, without what changes it", options, async () => {
  const frame = await framed(`/metrics/explore?name=http.server.request.duration&embed=1&theme=light`);
  await frame.locator(".chart-frame canvas").first().waitFor();
  await frame.getByText("http.server.request.duration").waitFor();
  assert.equal(await frame.getByRole("button", { name: "To a dashboard" }).count(), 0);
  assert.equal(await frame.locator(".metric-list, .query-rows").count(), 0);
});

test("a dashboard and one panel of it, which cannot be changed", options, async () => {
  const frame = await framed(`/boards/hosts?embed=1&edit=on&range=6h`);
  await frame.locator(".panel canvas").first().waitFor();
  assert.equal(await frame.getByRole("button", { name: /Edit|Save/ }).count(), 0);
  const alone = await framed(`/boards/hosts?embed=1&panel=load`);
  await alone.locator(".panel").first().waitFor();
  assert.equal(await alone.locator(".panel").count(), 1);
});

test("what is looked at is copied as an iframe", options, async () => {
  const { page } = view;
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`${mock.url}/boards/hosts?range=6h`);
  await page.getByRole("button", { name: "Copy as an iframe" }).click();
  await page.waitForFunction(() => navigator.clipboard.readText().then((text) => text.startsWith("<iframe")));
  const code = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(code.includes(`src="${mock.url}/boards/hosts?range=6h&amp;embed=1" title="Hosts"`), code);
  await page.goto(`${mock.url}/trace/${FAILING}`);
  await page.getByRole("button", { name: "Copy or download the trace" }).click();
  await page.getByRole("menuitem", { name: "Copy as an iframe" }).click();
  await page.getByRole("menu").getByText("Copied").waitFor();
});
