// Scenario: the server is empty, asks for a token, goes away and comes back; SQL goes wrong; the theme is switched.
// Guarantees: each state is shown, nothing already seen is lost, and the page recovers on its own.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { startMock } from "../mock/server.mjs";
import { launchBrowser, openPage } from "./launch.mjs";

let mock;
let chromium;
let view;
const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's switches" : false };

before(async () => {
  chromium = await launchBrowser();
});
after(() => chromium?.close());
beforeEach(async () => {
  mock = await startMock();
  view = await openPage(chromium.browser);
  view.page.setDefaultTimeout(10_000);
});
afterEach(async () => {
  await view.close();
  mock.close();
});

test("an empty store says what to paste, and turns into the list when telemetry arrives", options, async () => {
  mock.state.empty = true;
  await view.page.goto(mock.url);
  await view.page.getByText("Waiting for the first telemetry").waitFor();
  await view.page.getByRole("tab", { name: "curl" }).click();
  await view.page.getByText("/v1/traces").waitFor();
  mock.state.empty = false;
  await view.page.locator(".trace-row:not(.head)").first().waitFor();
});

test("a server that is gone is said; what was there stays; it recovers", options, async () => {
  await view.page.goto(mock.url);
  await view.page.locator(".trace-row:not(.head)").first().waitFor();
  mock.state.down = true;
  await view.page.getByTestId("server-gone").waitFor({ timeout: 20_000 });
  assert.ok((await view.page.locator(".trace-row:not(.head)").count()) > 10);
  mock.state.down = false;
  await view.page.getByTestId("server-gone").waitFor({ state: "detached", timeout: 20_000 });
});

test("a cold tier that cannot be reached is said with what to do, and no more once it is back", options, async () => {
  mock.state.cold = { state: "failing", message: "the store cannot be reached: cannot create it in s3://b", waiting_bytes: 5_000_000 };
  await view.page.goto(mock.url);
  const notice = view.page.getByTestId("cold-notice");
  await notice.getByText("5.0 MB wait on this server's disk").click();
  await notice.getByText("the store cannot be reached").waitFor();
  await view.page.locator(".trace-row:not(.head)").first().waitFor();
  mock.state.cold = null;
  await notice.waitFor({ state: "detached", timeout: 20_000 });
});

test("a token is asked for, refused, taken, and sent with everything after", options, async () => {
  mock.state.token = "secret";
  await view.page.goto(mock.url);
  const field = view.page.getByLabel("Token", { exact: true });
  await field.fill("wrong");
  await field.press("Enter");
  await view.page.getByText("The last token was refused.").waitFor();
  await field.fill("secret");
  await field.press("Enter");
  await view.page.locator(".trace-row:not(.head)").first().waitFor();
  await view.page.reload();
  await view.page.locator(".trace-row:not(.head)").first().waitFor();
  assert.equal(await view.page.evaluate(() => localStorage.getItem("spanlake.token")), null);
});

test("SQL runs by key, marks errors, charts, and downloads", options, async () => {
  const { page } = view;
  await page.goto(`${mock.url}/sql`);
  const editor = page.locator(".cm-content");
  await editor.click();
  await page.keyboard.press("Control+A");
  // Typing over a selection is done by the browser itself, which tries to keep the look with a style attribute and is
  // refused: harmless, but it would be counted below.
  await page.keyboard.press("Delete");
  await page.keyboard.type("select name\nfrm spans ");
  await page.keyboard.press("Control+Enter");
  await page.getByText("line 2, column 1").waitFor();
  await page.locator(".cm-lintRange-error").waitFor();
  await page.getByRole("tab", { name: "Examples" }).click();
  await page.getByRole("button", { name: /Spans per minute/ }).click();
  await page.getByText("60 rows").waitFor();
  await page.getByRole("tab", { name: "Chart" }).click();
  await page.locator(".u-wrap canvas").waitFor();
  const download = page.waitForEvent("download");
  await page.getByLabel("Download").selectOption("csv");
  assert.match((await download).suggestedFilename(), /^spanlake-.*\.csv$/);
  await page.goBack();
  await page.getByText("line 2, column 1").waitFor();
  await page.reload();
  await page.getByRole("tab", { name: "History" }).click();
  await page.locator(".statement").nth(1).waitFor();
  assert.deepEqual(view.problems.filter((text) => !/status of 400/.test(text)), []);
});

test("a metric is found, charted, zoomed, and linked", options, async () => {
  const { page } = view;
  await page.goto(`${mock.url}/metrics/explore`);
  await page.getByLabel("Find a metric").fill("orders");
  await page.getByRole("link", { name: /app.orders.placed/ }).click();
  await page.getByText("order/s").waitFor();
  const box = await page.locator(".u-over").boundingBox();
  await page.mouse.move(box.x + 100, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + 300, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/range=\d+-\d+/);
  assert.deepEqual(view.problems, []);
});

test("the theme follows the system, is switched, and is there before the first paint next time", options, async () => {
  const { page } = view;
  await page.goto(mock.url);
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await theme(), "light");
  await page.getByRole("button", { name: "Switch to dark" }).click();
  assert.equal(await theme(), "dark");
  await page.reload({ waitUntil: "commit" });
  await page.waitForFunction(() => document.body !== null);
  assert.equal(await theme(), "dark");
});

test("nothing is wider than a phone", options, async () => {
  await view.page.setViewportSize({ width: 390, height: 780 });
  for (const path of ["/", "/trace/5b8efff798038103d269b633813fc60c", "/metrics/explore?name=process.memory.usage", "/sql"]) {
    await view.page.goto(mock.url + path);
    await view.page.waitForLoadState("networkidle");
    const width = await view.page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.querySelector(".header").scrollWidth));
    assert.ok(width <= 390, `${path} is ${width} px wide`);
  }
});

test("help opens by key and lists the keys; escape closes it", options, async () => {
  await view.page.goto(mock.url);
  await view.page.locator(".trace-row").first().waitFor();
  await view.page.keyboard.press("?");
  await view.page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await view.page.keyboard.press("Escape");
  await view.page.getByRole("dialog").waitFor({ state: "detached" });
});
