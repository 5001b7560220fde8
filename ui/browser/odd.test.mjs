// Scenario: traces no one should have sent, and one that is still being sent. Guarantees: they are drawn, searched and
// opened, no text of theirs turns or breaks what stands beside it, and a trace that grows keeps what one was looking at.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ODD, strangeTraces } from "../mock/odd.mjs";
import { randomFrom } from "../mock/random.mjs";
import { makeSpan } from "../mock/spans.mjs";
import { summaryOf } from "../mock/store.mjs";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's traces" : false };
const now = () => BigInt(Date.now()) * 1_000_000n;

let mock;
let view;
useMock((its) => ({ mock, view } = its), {
  prepare: ({ state }) => {
    if (!state.store.some((trace) => trace.trace_id === ODD.wide)) state.store.push(...strangeTraces(now() - 60_000_000_000n).map((trace) => ({ ...trace, summary: summaryOf(trace) })));
  },
});
const go = (id, rest = "") => view.page.goto(`${mock.url}/trace/${id}${rest}`);
/** In the page: whether a row has a bar of so many pixels. Bars are painted, so that pixels are all there is to ask. */
function isPaintedWide({ row, least }) {
  const box = [...document.querySelectorAll(".waterfall-row")].map((one) => one.getBoundingClientRect()).sort((a, b) => a.top - b.top)[row];
  const canvas = box && [...document.querySelectorAll(".waterfall-bars")].find((one) => one.getBoundingClientRect().top <= box.top && one.getBoundingClientRect().bottom >= box.bottom);
  if (!canvas) return false;
  const scale = canvas.width / canvas.clientWidth;
  const pixels = canvas.getContext("2d").getImageData(0, Math.round((box.top - canvas.getBoundingClientRect().top + 10) * scale), canvas.width, 1).data;
  let widest = 0;
  for (let x = 0, run = 0; x < canvas.width; x++) {
    run = pixels[4 * x + 3] > 200 ? run + 1 : 0;
    widest = Math.max(widest, run);
  }
  return widest / scale > least;
}
const rows = () => view.page.locator(".waterfall-row");

test("a span of 24 hours and one of a microsecond are both drawn and zoomed to", options, async () => {
  const { page } = view;
  await go(ODD.day);
  await rows().nth(1).waitFor();
  await page.getByText("1 d", { exact: true }).first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("z");
  await page.waitForFunction(() => /zoom=/.test(location.search));
  await page.waitForFunction(isPaintedWide, { row: 1, least: 50 });
  assert.deepEqual(view.problems, []);
});

test("100,000 children of one parent are folded, opened, searched and flamed", options, async () => {
  const { page } = view;
  await go(ODD.wide);
  await page.getByText("100,001 spans").waitFor();
  await page.locator(".fold-sign").first().waitFor();
  assert.ok((await rows().count()) < 100);
  await page.keyboard.press("f");
  await page.waitForURL(/fold=off/);
  await page.keyboard.press("End");
  await page.keyboard.press("/");
  await page.keyboard.type("odd one 99007");
  await page.keyboard.press("Enter");
  await page.locator(".waterfall-row[data-cursor]", { hasText: "odd one 99007" }).waitFor();
  assert.ok((await rows().count()) < 100);
  await go(ODD.wide, "?tab=flame");
  await page.locator(".flame-scroller canvas").waitFor();
  assert.deepEqual(view.problems, []);
});

test("a megabyte in an attribute opens, and text from right to left stays in its place", options, async () => {
  const { page } = view;
  await go(ODD.heavy);
  await rows().first().click();
  await page.locator(".attribute", { hasText: "a.megabyte" }).waitFor();
  const panel = await page.locator(".span-panel").boundingBox();
  assert.ok(panel.width < 900, "the panel keeps its width");
  assert.ok((await page.locator(".span-panel").innerText()).length < 60_000, "not all of it is in the document at once");
  // The turning sign of the name ends with the name: the duration beside it reads as ever.
  assert.match(await rows().first().getAttribute("aria-description"), /^5(\.0+)?\s?ms/);
  await page.goto(`${mock.url}/?service=${encodeURIComponent("שירות")}&range=15m`);
  await page.locator(".trace-row:not(.head)").first().waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  assert.deepEqual(view.problems, []);
});

test("a trace that is still arriving grows, and what one chose stays chosen", options, async () => {
  const { page } = view;
  const random = randomFrom(77);
  const traceId = "9".repeat(32);
  const start = now() - 1_000_000_000n;
  const add = (name, parent, after, more = {}) => makeSpan(random, { traceId, service: "cart", name, parent, start: start + BigInt(after * 1e6), duration: 20e6, ...more });
  const root = add("GET /grow", null, 0, { duration: 900e6 });
  const chosen = add("chosen", root.span_id, 100);
  const trace = { trace_id: traceId, spans: [root, chosen, add("last of the first", root.span_id, 300)], logs: [] };
  mock.state.store.push({ ...trace, summary: summaryOf(trace) });
  const kept = mock.state.store.at(-1);
  await go(traceId);
  await page.getByText("3 spans").first().waitFor();
  await rows().filter({ hasText: "chosen" }).click();
  await page.waitForURL(new RegExp(chosen.span_id));
  kept.spans = [root, add("came later, began before", root.span_id, 20), chosen, ...kept.spans.slice(2), add("came later", chosen.span_id, 110)];
  await page.getByText("5 spans").first().waitFor();
  assert.match(await page.locator(".waterfall-row[aria-selected=true]").innerText(), /chosen/);
  assert.match(await page.locator(".waterfall-row[data-cursor]").innerText(), /chosen/);
  assert.deepEqual(view.problems, []);
  mock.state.store.pop();
});
