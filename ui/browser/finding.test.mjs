// Scenario: someone looks for spans in a trace and asks what one span has to do with the rest of the world. Guarantees:
// attributes are found, what is not wanted is left out and said so, links are walked both ways, a percentile is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FAILING, HEALTHY } from "../mock/store.mjs";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's traces" : false };
let mock;
let view;
useMock((its) => ({ mock, view } = its));
const go = (path) => view.page.goto(mock.url + path);
const rows = () => view.page.locator(".waterfall-row");

test("an attribute is found from the panel, and only what has it is shown", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}`);
  await rows().first().waitFor();
  await page.getByRole("treeitem", { name: /payment shop.Payment\/Charge/ }).click();
  const attribute = page.locator(".attribute", { hasText: "app.payment.card_type" });
  await attribute.hover();
  await attribute.getByRole("button", { name: "Spans of this trace with this app.payment.card_type" }).click();
  await page.waitForURL(/q=app.payment.card_type%3D%3D/);
  await page.locator(".match-count", { hasText: "1" }).waitFor();
  await page.getByRole("button", { name: "Only these" }).click();
  await page.getByText(/\d+ spans not shown\./).waitFor();
  assert.equal(await rows().last().locator(".row-operation").innerText(), "shop.Payment/Charge");
  assert.ok((await rows().count()) < 7);
  await page.reload();
  await page.getByText(/\d+ spans not shown\./).waitFor();
  await page.getByRole("button", { name: "Show all" }).click();
  await rows().nth(15).waitFor();
  assert.deepEqual(view.problems, []);
});

test("a pinned attribute stands first in every span until it is let go", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}`);
  await page.getByRole("treeitem", { name: /payment shop.Payment\/Charge/ }).click();
  const attribute = page.locator(".attribute", { hasText: "service.version" }).last();
  await attribute.hover();
  await attribute.getByRole("button", { name: /^Pin service.version/ }).click();
  await page.locator(".panel-section", { hasText: "Pinned" }).getByText("service.version").waitFor();
  await rows().first().click();
  const pinned = page.locator(".panel-section", { hasText: "Pinned" });
  await pinned.getByText("service.version").waitFor();
  await pinned.locator(".attribute").hover();
  await pinned.getByRole("button", { name: "Unpin service.version" }).click();
  await pinned.waitFor({ state: "detached" });
  assert.deepEqual(view.problems, []);
});

test("an attribute narrows the list of traces, or is kept out of it", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}`);
  await page.getByRole("treeitem", { name: /payment shop.Payment\/Charge/ }).click();
  const attribute = page.locator(".attribute", { hasText: "app.payment.card_type" });
  await attribute.hover();
  const without = await attribute.getByRole("link", { name: "Traces without this app.payment.card_type" }).getAttribute("href");
  assert.equal(new URL(without, mock.url).searchParams.get("filter"), 'not span.app.payment.card_type = "visa"');
  await attribute.getByRole("link", { name: "Traces with this app.payment.card_type" }).click();
  await page.waitForURL(/filter=span.app.payment.card_type/);
  await page.locator(".trace-row:not(.head)").first().waitFor();
});

test("services are left out, said so, and brought back", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}?fold=off`);
  await rows().nth(20).waitFor();
  await page.getByRole("button", { name: "Services" }).click();
  await page.getByRole("checkbox", { name: /catalog/ }).uncheck();
  await page.waitForURL(/hide=catalog/);
  await page.getByText("14 spans not shown.").waitFor();
  assert.equal(await page.locator(".row-service", { hasText: /^catalog$/ }).count(), 0);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Show all" }).click();
  await page.getByText("14 spans not shown.").waitFor({ state: "detached" });
  assert.deepEqual(view.problems, []);
});

test("the critical path can be shown alone", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}?critical=on`);
  await rows().nth(15).waitFor();
  await page.keyboard.press("o");
  await page.waitForURL(/only=on/);
  await page.getByText(/spans not shown\./).waitFor();
  assert.equal(await page.locator(".waterfall-row[data-dim]").count(), 0);
});

test("what links to a span is listed, and the way there and back goes through the address", options, async () => {
  const { page } = view;
  await go(`/trace/${HEALTHY}`);
  await rows().first().click();
  await page.locator(".panel-section", { hasText: "Linked from" }).getByRole("link").first().click();
  await page.waitForURL(new RegExp(`/trace/${FAILING}\\?span=`));
  await page.locator(".span-panel").waitFor();
  await page.goBack();
  await page.waitForURL(new RegExp(`/trace/${HEALTHY}`));
});

test("a span says how long it took among those of its operation", options, async () => {
  const { page } = view;
  await go(`/trace/${FAILING}`);
  await rows().first().click();
  await page.locator(".span-peers").getByText(/within the hour/).waitFor();
  assert.match(await page.locator(".span-peers").innerText(), /^(p\d+(\.\d)?\s+of )?\d+ spans of this operation/);
  assert.ok((await page.locator(".peer-bars [data-own]").count()) === 1);
  assert.deepEqual(view.problems, []);
});
