// Scenario: a reader looks for a line in the logs, reads round it, goes to its trace, and watches new ones arrive.
// Guarantees: no record is lost or shown twice, the address holds what is seen, and nothing from a record is executed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SAME_MOMENT, sayLog } from "../mock/logs.mjs";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's records" : false };

let mock;
let view;
useMock((its) => ({ mock, view } = its));

const go = (path) => view.page.goto(mock.url + path);
const row = (text) => view.page.locator(".logs-rows .logs-row", { hasText: text });
const search = () => new URL(view.page.url()).searchParams;

test("filters narrow the list, are in the address, and survive a reload", options, async () => {
  const { page } = view;
  await go("/logs");
  await page.locator(".logs-rows .logs-row").nth(5).waitFor();
  assert.ok((await page.locator(".logs-rows .logs-row").count()) < 80);
  await page.getByLabel("Service").selectOption("payment");
  await page.getByLabel("Least severity").selectOption("error");
  await page.getByLabel("Body contains").fill('"issuer refused" -timeout');
  await row("charge failed for order o-99121").first().waitFor();
  await page.waitForURL(/q=/);
  await row("issuer timeout").first().waitFor({ state: "detached" });
  await page.getByLabel("Attributes").fill("order.id=o-99121");
  await page.waitForURL(/attr=order.id/);
  await page.reload();
  await row("charge failed for order o-99121").first().waitFor();
  assert.deepEqual([search().get("service"), search().get("level"), search().get("attr")], ["payment", "error", "order.id=o-99121"]);
  await page.getByRole("button", { name: "Clear" }).click();
  await row("GET /cart 200").first().waitFor();
  assert.deepEqual(view.problems, []);
});

test("a record opens by mouse and key with its context, narrows by an attribute, and leads to its trace", options, async () => {
  const { page } = view;
  await go(`/logs?q=${encodeURIComponent('"charge failed"')}`);
  await page.locator(".logs-rows .logs-row").first().waitFor();
  await page.keyboard.press("j");
  const panel = page.getByRole("complementary", { name: "Log record" });
  await panel.locator(".log-message").getByText("charge failed for order o-99121").waitFor();
  await panel.locator(".context-here").waitFor();
  await panel.locator(".context-lines li").nth(5).waitFor();
  assert.ok((await panel.locator(".context-lines li").count()) <= 11);
  await panel.getByLabel("Lines before and after").selectOption("20");
  await page.waitForURL(/context=20/);
  await page.reload();
  await panel.locator(".context-lines li").nth(20).waitFor();
  const neighbour = panel.locator(".context-lines button").first();
  const text = await neighbour.locator(".log-body").textContent();
  await neighbour.click();
  await panel.locator(".log-message").getByText(text).waitFor();
  await go(`/logs?q=${encodeURIComponent('"charge failed"')}`);
  await row("charge failed").first().locator(".logs-open").click();
  await panel.getByText("order.id").hover();
  await panel.getByRole("button", { name: "Show only records with this order.id" }).click();
  await page.waitForURL(/attr=order.id/);
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  await row("charge failed").first().getByRole("link", { name: "Show in its trace" }).click();
  await page.waitForURL(/\/trace\/[0-9a-f]{32}\?span=/);
  await page.locator(".span-panel h2", { hasText: "shop.Payment/Charge" }).waitFor();
  assert.deepEqual(view.problems, []);
});

test("scrolling down brings every record once, also those of one nanosecond", options, async () => {
  const { page } = view;
  await go("/logs?service=batch");
  const seen = new Set();
  const collect = async () => {
    for (const text of await page.locator(".logs-rows .logs-open").allTextContents()) seen.add(text);
  };
  await page.locator(".logs-rows .logs-row").first().waitFor();
  for (let step = 0; step < 80 && !(await page.getByText("These are all in the time range.").isVisible()); step++) {
    await collect();
    await page.locator(".logs-scroller").evaluate((element) => element.scrollBy(0, 380));
    await page.waitForTimeout(40);
  }
  await collect();
  assert.equal(seen.size, SAME_MOMENT);
  await page.getByText(`${SAME_MOMENT} records,`).waitFor();
});

test("live brings only what is new, waits while one reads further down, and goes on at the top", options, async () => {
  const { page } = view;
  await go("/logs");
  await page.locator(".logs-rows .logs-row").first().waitFor();
  await page.keyboard.press("l");
  await page.waitForURL(/live=on/);
  sayLog(mock.state, "cart", 9, "a line that came late");
  await row("a line that came late").waitFor();
  assert.equal(await row("a line that came late").count(), 1);
  await page.locator(".logs-scroller").evaluate((element) => element.scrollTo(0, 900));
  await page.getByText("Live waits while you read").waitFor();
  sayLog(mock.state, "cart", 9, "unseen so far");
  await page.waitForTimeout(2500);
  await page.locator(".logs-scroller").evaluate((element) => element.scrollTo(0, 0));
  await row("unseen so far").waitFor();
  assert.deepEqual(view.problems, []);
});

test("a brush on the histogram chooses the range", options, async () => {
  const { page } = view;
  await go("/logs");
  await page.locator(".histogram-totals li").nth(2).waitFor();
  const box = await page.locator(".histogram-area").boundingBox();
  await page.mouse.move(box.x + 200, box.y + 30);
  await page.mouse.down();
  await page.mouse.move(box.x + 400, box.y + 30, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/range=\d+-\d+/);
  const [from, to] = search().get("range").split("-").map(Number);
  assert.ok(to - from < 3_600_000 && to - from > 60_000);
  await page.locator(".logs-rows .logs-row").first().waitFor();
  await page.goBack();
  await page.waitForURL((url) => !url.searchParams.has("range"));
});

test("nothing of a record is executed, and nothing is found is said", options, async () => {
  const { page } = view;
  page.on("dialog", () => assert.fail("a script of a record ran"));
  await go("/logs?service=odd");
  await row("<script>").locator(".logs-open").click();
  await page.locator(".log-message").getByText("<script>alert").waitFor();
  await go("/logs?q=nothing-like-it");
  await page.getByText("No log record matches").waitFor();
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await page.locator(".logs-rows .logs-row").first().waitFor();
  assert.deepEqual(view.problems, []);
});

test("the page fits a phone, and a record opened there is read there", options, async () => {
  const { page } = view;
  await page.setViewportSize({ width: 390, height: 780 });
  await go("/logs");
  await row("GET /cart").first().locator(".logs-open").click();
  await page.locator(".log-panel .context-here").waitFor();
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
});

test("a server that refuses or is gone is said, and what was there stays", options, async () => {
  const { page } = view;
  await go("/logs");
  await page.locator(".logs-rows .logs-row").first().waitFor();
  await page.route("**/api/sql", (route) => route.fulfill({ status: 503, contentType: "application/json", body: '{"error":{"code":"busy","message":"too many statements at once"}}' }));
  await page.getByLabel("Least severity").selectOption("fatal");
  await page.locator(".error-note").getByText("too many statements at once").waitFor();
  await page.unroute("**/api/sql");
  await page.getByRole("button", { name: "Try again" }).click();
  await row("mail spool is full").first().waitFor();
  mock.state.down = true;
  await page.getByTestId("server-gone").waitFor({ timeout: 20_000 });
  assert.ok((await page.locator(".logs-rows .logs-row").count()) > 2);
  mock.state.down = false;
  await page.getByTestId("server-gone").waitFor({ state: "detached", timeout: 20_000 });
});

test("a record from a clock that is ahead is shown, and the first record of all arrives live", options, async () => {
  const { page } = view;
  sayLog(mock.state, "ahead", 9, "written in ten minutes", 600_000);
  await go("/logs?service=ahead");
  await row("written in ten minutes").waitFor();
  await go("/logs?service=newcomer&live=on");
  await page.getByText("No log record matches").waitFor();
  sayLog(mock.state, "newcomer", 9, "the first of its kind");
  await row("the first of its kind").waitFor();
});
