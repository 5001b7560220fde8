// Scenario: someone without a mouse goes from the list to a span, its log line, its service, the map and a comparison, asks SQL,
// looks at a metric and edits a dashboard. Guarantees: all of it by keys, focus is always seen and never lost or trapped.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FAILING } from "../mock/store.mjs";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's traces" : false };

let mock;
let view;
useMock((its) => ({ mock, view } = its));
const press = async (...keys) => {
  for (const key of keys) await view.page.keyboard.press(key, { delay: 15 });
};

/** Presses Tab until what has focus says this, within `inside` if that is told; says what was passed if it never comes. */
async function tabTo(pattern, { most = 90, back = false, inside = "body" } = {}) {
  const passed = [];
  for (let step = 0; step < most; step++) {
    await press(back ? "Shift+Tab" : "Tab");
    const name = await view.page.evaluate((place) => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      return element === document.body || !document.activeElement.closest(place) ? "" : (element?.getAttribute("aria-label") ?? element?.textContent ?? "").trim().slice(0, 80);
    }, inside);
    if (pattern.test(name)) return;
    passed.push(name);
  }
  assert.fail(`no Tab reached ${pattern}; passed: ${passed.join(" | ")}`);
}

test("from the list to a span, its log line, its service, the map and a comparison", options, async () => {
  const { page } = view;
  await page.goto(`${mock.url}/`);
  await page.locator(".trace-row:not(.head)").first().waitFor();
  await press("j");
  await page.locator(".trace-row[data-current]").waitFor();
  await press("Enter");
  await page.waitForURL(/\/trace\//);
  await page.locator(".waterfall-row").first().waitFor();
  await press("g", "t");
  await page.waitForURL(/\/(\?.*)?$/);
  await page.goto(`${mock.url}/trace/${FAILING}`);
  await page.locator(".waterfall-row").first().waitFor();
  await press("e", "Enter");
  await page.locator(".span-panel").waitFor();
  await press("Escape");
  await page.locator(".span-panel").waitFor({ state: "detached" });
  await press("l");
  await page.locator(".waterfall-log").first().waitFor({ state: "attached" });
  await press("l");
  await tabTo(/^Table$/);
  await press("Enter");
  await page.waitForURL(/tab=table/);
  await press("g", "v");
  await page.waitForURL(/\/services/);
  await tabTo(/^checkout$/);
  await press("Enter");
  await page.waitForURL(/\/services\/checkout/);
  await press("g", "p");
  await page.waitForURL(/\/map/);
  await page.locator(".map-node").first().waitFor();
  await tabTo(/requests|calls|\/s/);
  await press("ArrowRight", "Enter");
  await page.waitForURL(/node=/);
  await page.goto(`${mock.url}/compare?a=${FAILING}`);
  await page.locator("main h1, main h2").first().waitFor();
  await tabTo(/./, { inside: ".compare-offers button" });
  await press("Enter");
  await page.waitForURL(/b=/);
});

test("SQL is written, explained, kept and run again", options, async () => {
  const { page } = view;
  await page.goto(`${mock.url}/sql`);
  await page.locator(".cm-content").waitFor();
  await tabTo(/SQL statement/);
  await press("Control+a", "Delete");
  await page.keyboard.type("select name from spans ");
  await press("Escape", "Control+Enter");
  await page.locator(".sql-row:not(.head)").first().waitFor();
  await tabTo(/^Explain$/);
  await press("Enter");
  await page.locator(".sql-plan").waitFor();
  await tabTo(/Exec/);
  await press("Enter");
  await page.locator(".sql-plan details[open] dl").waitFor();
  await tabTo(/^Saved$/, { back: true });
  await press("Enter");
  await tabTo(/Name of this statement/);
  await page.keyboard.type("names");
  await press("Enter");
  await page.locator(".kept-statement", { hasText: "names" }).waitFor();
  await page.reload();
  await tabTo(/^Saved$/);
  await press("Enter");
  await tabTo(/^names/);
  await press("Enter");
  await page.locator(".sql-plan").waitFor();
});

test("a metric is chosen, a dashboard opened, and a dialog keeps focus and gives it back", options, async () => {
  const { page } = view;
  await page.goto(`${mock.url}/metrics/explore`);
  await page.locator(".metric-card, .metric-facts").first().waitFor();
  await tabTo(/orders|http/i);
  await press("Enter");
  await page.locator(".chart-area, .heatmap-view").first().waitFor();
  await press("g", "d");
  await page.waitForURL(/\/boards$/);
  await tabTo(/./, { inside: ".board-card" });
  await press("Enter");
  await page.waitForURL(/\/boards\/\w+/);
  await page.locator(".panel").first().waitFor();
  await press("?");
  await page.locator("dialog[open]").waitFor();
  for (let step = 0; step < 6; step++) {
    await press("Tab");
    assert.ok(await page.evaluate(() => document.querySelector("dialog[open]")?.contains(document.activeElement) || document.activeElement === document.body), "focus stays in the dialog");
  }
  await press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
});

test("wherever focus goes it is seen", options, async () => {
  const { page } = view;
  for (const path of ["/", `/trace/${FAILING}`, "/services", "/logs", "/boards", "/sql", "/sampling"]) {
    await page.goto(mock.url + path);
    await page.waitForLoadState("networkidle");
    for (let step = 0; step < 25; step++) {
      await press("Tab");
      const unseen = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return null;
        const style = getComputedStyle(element);
        const after = getComputedStyle(element, "::after");
        const box = element.getBoundingClientRect();
        const isRinged = style.outlineStyle !== "none" || after.outlineStyle !== "none" || style.boxShadow !== "none" || element.closest(":focus-within")?.matches("label, .cm-editor, form, .filter-field") || element.matches(".column-handle, input, select");
        return isRinged && box.width > 0 && box.height > 0 ? null : `${element.tagName} ${element.className} ${element.getAttribute("aria-label") ?? element.textContent?.slice(0, 40)}`;
      });
      assert.equal(unseen, null, `${path}, Tab ${step + 1}`);
    }
  }
});
