// Scenario: an operator asks what the cold tier's budget is spent on. Guarantees: the page says it in numbers, by hour and
// by group; without a budget it says that everything is kept; nothing overflows a phone.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's budget" : false };

let mock;
let view;
useMock((its) => ({ mock, view } = its), { prepare: (its) => { its.state.sampling = true; } });
afterEach(() => {
  assert.deepEqual(view.problems, []);
});

test("the budget, its hours and its groups are told", options, async () => {
  const { page } = view;
  await page.goto(`${mock.url}/`);
  await page.locator(".trace-row").first().waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await page.getByRole("heading", { name: "Sampling" }).waitFor();
  await page.getByText(/of 1\.0* GB|of 1 GB|of 954 MB/).first().waitFor();
  assert.equal(await page.locator(".sampling-written").count(), 24);
  const rows = page.locator(".sampling-groups tbody tr");
  assert.equal(await rows.count(), 7);
  assert.match(await rows.first().innerText(), /frontend POST \/orders/);
  await page.getByText("its operation is rare").waitFor();
  await page.getByText("all other groups").waitFor();
  await page.getByText("kept with at least 0.25").waitFor();
});

test("without a budget the page says that everything is kept", options, async () => {
  mock.state.sampling = false;
  await view.page.goto(`${mock.url}/sampling`);
  await view.page.getByText("Every trace is kept").waitFor();
});

test("it fits a phone", options, async () => {
  await view.page.setViewportSize({ width: 390, height: 844 });
  await view.page.goto(`${mock.url}/sampling`);
  await view.page.locator(".sampling-groups").waitFor();
  assert.ok(await view.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
});
