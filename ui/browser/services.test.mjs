// Scenario: a reader looks which service is slow or failing, and goes from it to its operations, neighbours and traces.
// Guarantees: figures, order and range are in the address; every link leads to what it names.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's services" : false };

let mock;
let view;
useMock((its) => ({ mock, view } = its));

const go = (path) => view.page.goto(mock.url + path);
const rows = () => view.page.locator(".figure-rows .figure-row");

test("services are listed with figures, found by name, and sorted", options, async () => {
  const { page } = view;
  await go("/services");
  await rows().nth(5).waitFor();
  await page.getByRole("button", { name: "Errors" }).click();
  await page.waitForURL(/sort=-errors/);
  await page.getByRole("button", { name: "Service" }).click();
  await page.waitForURL(/sort=name/);
  await page.reload();
  await rows().nth(2).getByText("ads").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("check");
  await page.waitForURL(/q=check/);
  await rows().nth(1).waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await rows().first().getByRole("link", { name: "checkout" }).click();
  await page.waitForURL(/\/services\/checkout/);
  assert.deepEqual(view.problems, []);
});

test("a service shows charts, operations, versions and neighbours, each leading on", options, async () => {
  const { page } = view;
  await go("/services/checkout");
  await page.locator(".u-wrap canvas").nth(1).waitFor();
  await page.locator(".service-card", { hasText: "Versions" }).getByText("2.9.0").waitFor();
  const dependencies = page.locator(".dependencies");
  await dependencies.locator(".call-list", { hasText: "Called by" }).getByRole("link", { name: "frontend" }).waitFor();
  await dependencies.locator(".call-list", { hasText: "Calls" }).last().getByRole("link", { name: "payment" }).waitFor();
  await page.getByLabel("Which spans count").selectOption("all");
  await page.waitForURL(/spans=all/);
  await rows().nth(4).waitFor();
  await dependencies.getByRole("link", { name: "payment" }).click();
  await page.waitForURL(/\/services\/payment/);
  await page.getByRole("heading", { level: 1, name: "payment" }).waitFor();
  await page.locator(".service-card", { hasText: "Most failing" }).getByRole("link").first().click();
  await page.waitForURL(/service=payment.*status=error|status=error.*service=payment/);
  await page.locator(".trace-row:not(.head)").first().waitFor();
  assert.deepEqual(view.problems, []);
});

test("neighbours come from the map with their figures, and from SQL where there is no map", options, async () => {
  const { page } = view;
  const dependencies = page.locator(".dependencies");
  await go("/services/cart");
  await dependencies.locator("li", { hasText: "redis" }).getByText("database").waitFor();
  await dependencies.locator("li", { hasText: "frontend" }).getByText(/p50 .* m?s/).waitFor();
  await dependencies.getByRole("link", { name: "Show on the map" }).click();
  await page.waitForURL(/\/map\?node=cart/);
  await page.getByRole("complementary", { name: "The chosen service" }).waitFor();
  mock.state.missing = ["/api/service-map"];
  await go("/services/checkout");
  await dependencies.getByText("From the last 15 minutes").waitFor();
  await dependencies.getByRole("link", { name: "payment" }).waitFor();
  mock.state.missing = [];
  assert.deepEqual(view.problems.filter((text) => !/status of 404/.test(text)), []);
});

test("dragging on a chart chooses the range, which the links keep", options, async () => {
  const { page } = view;
  await go("/services/checkout");
  // Everything above and beside the chart has its place.
  await page.waitForLoadState("networkidle");
  const chart = page.locator(".u-over").first();
  await chart.hover();
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + 250, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + 480, box.y + 50, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/range=\d+-\d+/);
  const range = new URL(page.url()).searchParams.get("range");
  const href = await page.locator(".service-links").getByRole("link", { name: "Logs" }).getAttribute("href");
  assert.ok(href.startsWith("/logs?") && href.includes(`range=${range}`) && href.includes("service=checkout"));
});

test("a service that nobody knows is said, and names with markup are only text", options, async () => {
  const { page } = view;
  page.on("dialog", () => assert.fail("a service's name ran"));
  await go(`/services/${encodeURIComponent('"><script>alert(2)</script>')}`);
  await page.getByRole("heading", { level: 1 }).getByText("<script>").waitFor();
  await go("/services/nobody");
  await page.getByText("This service has sent no such spans").first().waitFor();
  await go("/services?q=nobody");
  await page.getByText("No name matches").waitFor();
  assert.deepEqual(view.problems, []);
});

test("both pages fit a phone", options, async () => {
  const { page } = view;
  await page.setViewportSize({ width: 390, height: 780 });
  for (const path of ["/services", "/services/checkout"]) {
    await go(path);
    await rows().first().waitFor();
    assert.ok((await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.querySelector(".header").scrollWidth))) <= 390, path);
  }
});
