// Scenario: a reader goes about by keyboard alone, in another language and in another time zone.
// Guarantees: the palette reaches every page, choices are remembered, and keys of pages and of the shell do not mix.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FAILING } from "../mock/store.mjs";
import { openPage, useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's traces" : false };

let mock;
let view;
let browser;
useMock((its) => ({ mock, view, browser } = its));

const go = (path) => view.page.goto(mock.url + path);
const palette = () => view.page.getByRole("dialog", { name: "Go to" });

async function choose(text) {
  await view.page.keyboard.press("Control+k");
  await palette().waitFor();
  await view.page.keyboard.type(text);
  await view.page.keyboard.press("Enter");
  await palette().waitFor({ state: "detached" });
}

test("the palette goes to pages, services, trace ids and recent traces", options, async () => {
  const { page } = view;
  await go("/");
  await page.locator(".trace-row:not(.head)").first().waitFor();
  await choose("logs");
  await page.waitForURL(/\/logs/);
  await page.keyboard.press("Control+k");
  await palette().getByText("checkout", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await palette().waitFor({ state: "detached" });
  await choose("checkout");
  await page.waitForURL(/\/services\/checkout/);
  await choose(`0x${FAILING.toUpperCase()}`);
  await page.waitForURL(new RegExp(FAILING));
  await page.locator(".waterfall-row").first().waitFor();
  await go("/sql");
  await page.locator(".cm-content").click();
  await choose("POST /checkout");
  await page.waitForURL(new RegExp(FAILING));
  assert.deepEqual(view.problems, []);
});

test("the palette is moved in by key, says when nothing is found, and switches the theme", options, async () => {
  const { page } = view;
  await go("/");
  await page.locator(".trace-row").first().waitFor();
  await page.keyboard.press("Control+k");
  const chosen = palette().locator("[aria-selected=true]");
  const first = await chosen.textContent();
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await chosen.textContent(), first);
  await page.keyboard.type("zzzzqq");
  await palette().getByText("Nothing is called like that").waitFor();
  await page.keyboard.press("Escape");
  await choose("dark");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
});

test("g and a letter goes to a page, whatever the letter does there alone", options, async () => {
  const { page } = view;
  await go("/");
  await page.locator(".trace-row").first().waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await page.waitForURL(/\/logs$/);
  await page.locator(".logs-rows .logs-row").first().waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("v");
  await page.waitForURL(/\/services$/);
});

test("the language is switched, remembered, and says so to the browser", options, async () => {
  const { page } = view;
  await go("/logs");
  await page.getByRole("button", { name: "Language and time zone" }).click();
  await page.getByRole("dialog").locator("select").first().selectOption("zh-CN");
  await page.getByRole("link", { name: "追踪", exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  assert.ok(page.url().endsWith("/logs"));
  await go(`/trace/${FAILING}`);
  await page.getByRole("tab", { name: "瀑布图" }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "键盘快捷键" }).waitFor();
  assert.deepEqual(view.problems, []);
});

test("times are shown in UTC when that is chosen, at once and after a reload", options, async () => {
  const { page, close } = await openPage(browser, { timezone: "Asia/Kolkata" });
  await page.goto(`${mock.url}/trace/${FAILING}`);
  const shown = () => page.locator(".trace-facts > span").first().textContent();
  await page.locator(".waterfall-row").first().waitFor();
  const local = await shown();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("utc");
  await page.keyboard.press("Enter");
  await page.waitForFunction((before) => document.querySelector(".trace-facts > span")?.textContent !== before, local);
  const [inUtc, inIndia] = [await shown(), local].map((text) => Date.parse(`${text.replace(" ", "T")}Z`));
  assert.equal(inIndia - inUtc, 5.5 * 3_600_000);
  await page.reload();
  await page.locator(".waterfall-row").first().waitFor();
  assert.equal(Date.parse(`${(await shown()).replace(" ", "T")}Z`), inUtc);
  await close();
});
