// Scenario: the example shop has sent orders with a real SDK, one in five fails; someone looks for why. Guarantees: list,
// waterfall, log line, service, map and comparison lead to each other, each with what the shop sent. Needs a real server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launchBrowser, openPage } from "./launch.mjs";

const url = process.env.SPANLAKE_URL?.replace(/\/$/, "");
const options = { skip: url ? false : "needs a server with what the example shop sent" };

let chromium;
let view;
before(async () => {
  if (!url) return;
  chromium = await launchBrowser();
  view = await openPage(chromium.browser);
  view.page.setDefaultTimeout(15_000);
});
after(async () => {
  await view?.close();
  await chromium?.close();
});

test("from the list to the waterfall, a log line, the service, the map, and a comparison with an order that went well", options, async () => {
  const { page } = view;
  const orders = "service=frontend&operation=POST%20/orders&range=24h&live=off";
  await page.goto(`${url}/?${orders}&status=error`);
  await page.locator(".trace-row:not(.head)", { hasText: "POST /orders" }).first().click();
  await page.waitForURL(/\/trace\/[0-9a-f]{32}/);
  const failed = /\/trace\/([0-9a-f]{32})/.exec(page.url())[1];

  await page.getByRole("treeitem", { name: /Error checkout POST \/payments/ }).waitFor();
  await page.keyboard.press("l");
  await page.locator('.waterfall-log[data-level="error"]', { hasText: "order failed" }).locator("button").click();
  await page.getByRole("complementary", { name: "Log record" }).getByText("order failed").first().waitFor();
  await page.waitForURL(/log=/);

  await page.keyboard.press("/");
  await page.keyboard.type("http.response.status_code==500");
  await page.locator(".match-count", { hasText: "2" }).waitFor();
  await page.getByRole("treeitem", { name: /checkout POST \/payments/ }).click();
  await page.locator(".span-panel").getByText("http.response.status_code").first().waitFor();
  await page.locator(".span-peers").getByText(/within the hour/).waitFor();

  await page.locator(".span-panel").getByRole("link", { name: "checkout" }).click();
  await page.waitForURL(/\/services\/checkout/);
  await page.locator(".u-wrap canvas").nth(1).waitFor();
  await page.getByRole("link", { name: "Show on the map" }).click();
  await page.waitForURL(/\/map/);
  await page.locator(".map-node", { hasText: "frontend" }).first().waitFor();
  await page.locator(".map-node", { hasText: "checkout" }).first().waitFor();

  await page.goto(`${url}/compare?b=${failed}`);
  await page.locator(".compare-offers button").first().waitFor();
  await page.locator(".compare-offers button").filter({ hasNotText: "error" }).first().click();
  await page.waitForURL(/[?&]a=/);
  await page.getByText("POST /payments").first().waitFor();
  await page.getByText(/B takes .* (longer|less)|as long/).first().waitFor();
  assert.deepEqual(view.problems, []);
});

test("a link is walked both ways: from an order to what shipped it, and back", options, async () => {
  const { page } = view;
  await page.goto(`${url}/?service=frontend&operation=process%20orders&range=24h&live=off`);
  await page.locator(".trace-row:not(.head)").first().click();
  await page.waitForURL(/\/trace\//);
  await page.locator(".waterfall-row").first().click();
  const links = page.locator(".panel-section", { hasText: "Links" });
  await links.getByRole("link").first().click();
  await page.locator(".panel-section", { hasText: "Linked from" }).getByRole("link", { name: /process orders/ }).first().waitFor();
});

test("a trace is downloaded as OTLP, as Jaeger has it and as a table, and the first two open again", options, async () => {
  const { page } = view;
  await page.goto(`${url}/?service=frontend&operation=POST%20/orders&range=24h&live=off`);
  await page.locator(".trace-row:not(.head)").first().click();
  await page.waitForURL(/\/trace\//);
  const spans = Number(/(\d+) spans/.exec(await page.locator(".trace-facts").innerText())[1]);
  const save = async (entry) => {
    await page.getByRole("button", { name: "Copy or download the trace" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: entry }).click()]);
    await page.keyboard.press("Escape");
    return readFileSync(await download.path(), "utf8");
  };
  const [otlp, jaeger, table] = [await save("Download OTLP JSON"), await save("Download Jaeger JSON"), await save("Download CSV")];
  assert.equal(table.trim().split("\n").length, spans + 1);
  for (const [name, text] of [["otlp.json", otlp], ["jaeger.json", jaeger]]) {
    await page.goto(`${url}/file`);
    await page.locator("input[type=file]").setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) });
    await page.waitForURL(/\/trace\/file/);
    await page.getByText(`${spans} spans`).first().waitFor();
  }
});
