// Scenario: a reader looks at numbers. Guarantees: every metric has a picture before anyone chose anything; filters, groups,
// formulas and PromQL lead to each other; mistakes are said where they stand; everything is in the address; an exemplar
// opens its trace.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's metrics" : false };

let mock;
let view;
useMock((its) => ({ mock, view } = its));

const explore = (parameters = {}) => view.page.goto(`${mock.url}/metrics/explore?${new URLSearchParams(parameters)}`);
const search = () => new URL(view.page.url()).searchParams;
const editor = (letter = "A") => view.page.locator(`.query-row[aria-label="PromQL of ${letter}"] .cm-content`);
// Typing over coloured text, the browser itself tries to keep the colour as an inline style, which the policy refuses it.
const noProblems = () => assert.deepEqual(view.problems.filter((text) => !/status of 400|Applying inline style/.test(text)), []);

async function write(letter, text) {
  await editor(letter).click();
  await view.page.keyboard.press("Control+a");
  await view.page.keyboard.type(text);
  await view.page.keyboard.press("Escape");
  await view.page.keyboard.press("Enter");
}

test("every metric has a small picture, and typing initials finds one", options, async () => {
  const { page } = view;
  await explore();
  await page.locator(".metric-card .spark-line").nth(10).waitFor({ state: "attached" });
  await page.locator(".metric-card", { hasText: "process.memory.usage" }).getByText(/GB|MB/).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("hsrd");
  await page.keyboard.press("Enter");
  await page.waitForURL(/name=http.server.request.duration/);
  await page.locator(".explorer-chart .u-wrap").nth(1).waitFor();
  await page.locator(".series-legend").getByText("p99").waitFor();
  assert.match(await editor().textContent(), /^histogram_quantiles\(sum\(rate\(http_server_request_duration_seconds\[\$__rate_interval\]\)\), "quantile", 0\.5, 0\.95, 0\.99\)$/);
  noProblems();
});

test("clicks group and filter, the text follows, and all of it survives a reload and a step back", options, async () => {
  const { page } = view;
  await explore({ name: "app.orders.placed" });
  await page.getByLabel("app_payment_card_type").getByRole("button", { name: "Group" }).click();
  await page.locator(".series-legend").getByText("mastercard").waitFor();
  await page.getByLabel("app_payment_card_type").getByTitle("Only visa").click();
  await page.locator(".series-legend").getByText("mastercard").waitFor({ state: "detached" });
  assert.equal(search().get("a"), 'sum by (app_payment_card_type) (rate(app_orders_placed_total{app_payment_card_type="visa"}[$__rate_interval]))');
  await page.getByLabel("app_payment_card_type").getByTitle("Only amex").click();
  await page.waitForFunction(() => new URLSearchParams(location.search).get("a").includes('=~"visa|amex"'));
  await page.reload();
  await page.locator(".series-legend").getByText("amex").waitFor();
  await page.goBack();
  await page.waitForFunction(() => new URLSearchParams(location.search).get("a").includes('="visa"'));
  await page.getByRole("button", { name: "Remove app_payment_card_type" }).click();
  await page.locator(".series-legend").getByText("mastercard").waitFor();
  await page.getByRole("button", { name: "Filter by a label" }).click();
  await page.keyboard.type("job");
  await page.keyboard.press("Enter");
  await page.getByPlaceholder("job = …").waitFor();
  await page.getByRole("option", { name: "shop/checkout" }).click();
  await page.waitForFunction(() => new URLSearchParams(location.search).get("a").includes('job="shop/checkout"'));
  noProblems();
});

test("what is written by hand is read back into the clickable parts, and mistakes are said where they stand", options, async () => {
  const { page } = view;
  await explore({ name: "app.orders.placed" });
  await editor().waitFor();
  await write("A", "max by job (process_memory_usage_bytes)");
  await page.locator(".query-error", { hasText: /line 1, column 8: unexpected "job"/ }).waitFor();
  await write("A", "max by (job) (process_memory_usage_bytes)");
  await page.locator(".query-error").waitFor({ state: "detached" });
  await page.locator(".metric-choice", { hasText: "process.memory.usage" }).waitFor();
  await page.locator(".chip", { hasText: "job" }).waitFor();
  assert.equal(await page.getByLabel("Put together by").inputValue(), "max");
  await write("A", "process_memory_usage_bytes > 1e6");
  await page.locator(".builder").waitFor({ state: "detached" });
  noProblems();
});

test("completion offers metrics, labels and values", options, async () => {
  const { page } = view;
  await explore({ a: "x" });
  await editor().click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("sum(rate(app_ord");
  await page.locator(".cm-tooltip-autocomplete").getByText("app_orders_placed_total").waitFor();
  // The editor takes no Enter for a list that has just opened under the hands of who types.
  await page.waitForTimeout(150);
  await page.keyboard.press("Enter");
  await page.keyboard.type("{app");
  await page.locator(".cm-tooltip-autocomplete").getByText("app_payment_card_type").waitFor();
  await page.waitForTimeout(150);
  await page.keyboard.press("Enter");
  await page.keyboard.type('="');
  await page.locator(".cm-tooltip-autocomplete").getByText("visa").waitFor();
  noProblems();
});

test("queries, formulas, an earlier time, other drawings, CSV", options, async () => {
  const { page } = view;
  await explore({ a: "sum(process_memory_usage_bytes)" });
  await page.locator(".series-legend tbody tr").first().waitFor();
  await page.getByRole("button", { name: "Formula" }).click();
  await editor("B").waitFor();
  await write("B", "= A / 2");
  await page.locator(".series-legend tbody tr").nth(1).waitFor();
  await page.getByRole("button", { name: "Hide A" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".series-legend tbody tr").length === 1);
  await page.getByLabel("Compare").selectOption("7d");
  await page.locator(".series-legend").getByText("a week before").waitFor();
  for (const drawing of ["Stacked", "Bars"]) {
    await page.getByRole("radio", { name: drawing }).click();
    await page.locator(".series-view .u-wrap canvas").waitFor();
  }
  await page.getByRole("radio", { name: "Table" }).click();
  await page.locator(".point-rows .point-row").nth(5).waitFor();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "CSV" }).click();
  assert.equal((await download).suggestedFilename(), "spanlake-metrics.csv");
  assert.deepEqual([search().get("b"), search().get("hide"), search().get("draw"), search().get("compare")], ["= A / 2", "a", "table", "7d"]);
  noProblems();
});

test("dragging zooms, the crosshair is in both charts, an exemplar opens its trace", options, async () => {
  const { page } = view;
  await explore({ name: "http.server.request.duration" });
  const over = page.locator(".series-view .u-over");
  await over.waitFor();
  await page.locator(".explorer-heat .u-over").waitFor();
  const box = await over.boundingBox();
  let opened = false;
  for (let x = 6; x < box.width && !opened; x += 7) for (let y = 10; y < box.height && !opened; y += 7) {
    await page.mouse.move(box.x + x, box.y + y);
    if (await page.locator(".chart-area[data-pointing]").count()) {
      assert.notEqual(await page.locator(".explorer-heat .u-cursor-x").evaluate((line) => line.style.transform), "");
      await page.mouse.click(box.x + x, box.y + y);
      opened = true;
    }
    if (y > 250) y = 9999;
  }
  assert.ok(opened, "no exemplar under the pointer");
  await page.waitForURL(/\/trace\/[0-9a-f]{32}/);
  await page.goBack();
  await over.waitFor();
  await page.mouse.move(box.x + 100, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + 300, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/range=\d+-\d+/);
  noProblems();
});

test("one line alone, and a phone", options, async () => {
  const { page } = view;
  await explore({ a: "sum by (job) (process_memory_usage_bytes)" });
  await page.locator(".series-legend").getByText("shop/cart").click();
  assert.equal(await page.locator(".series-legend tr[data-hidden]").count(), 4);
  await page.locator(".series-legend").getByText("shop/cart").click();
  assert.equal(await page.locator(".series-legend tr[data-hidden]").count(), 0);
  await page.setViewportSize({ width: 390, height: 780 });
  for (const parameters of [{}, { name: "http.server.request.duration" }, { a: "sum by (", b: "= Z" }]) {
    await explore(parameters);
    await page.waitForLoadState("networkidle");
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390, JSON.stringify(parameters));
  }
  noProblems();
});
