// Scenario: somebody scrolls through a trace by wheel and reads. Guarantees: what is seen of a row is painted, so that its
// element adds nothing to the picture; while the list moves names are there before elements are, and nothing flashes when
// they come; the row under the cursor always has its element; where the system chooses the colours, elements are seen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FAILING, ODD } from "../mock/store.mjs";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's traces" : false };

let mock;
let view;
useMock((its) => ({ mock, view } = its));

const open = async (path) => {
  await view.page.goto(mock.url + path);
  await view.page.locator(".waterfall-bars[data-painted]").first().waitFor();
  await view.page.waitForLoadState("networkidle");
};
const picture = () => view.page.locator(".waterfall-scroller").screenshot();
const rowsAre = (visibility) => view.page.locator(".waterfall-row").evaluateAll((rows, visibility) => rows.forEach((row) => (row.style.visibility = visibility)), visibility);
const nodes = () => view.page.locator(".waterfall-row").evaluateAll((rows) => rows.map((row) => Number(row.dataset.node)));

test("the elements of rows add nothing to the picture", options, async () => {
  for (const path of [`/trace/${FAILING}`, `/trace/${FAILING}?q=payment`, `/trace/${ODD.skew}`, `/trace/${ODD.noRoot}`, `/trace/${ODD.cycle}`, `/trace/${ODD.script}`]) {
    await open(path);
    await view.page.mouse.move(5, 5);
    const whole = await picture();
    await rowsAre("hidden");
    assert.ok(whole.equals(await picture()), path);
    await rowsAre("");
  }
});

test("while the wheel turns names are there before their elements, which change nothing when they come", options, async () => {
  const { page } = view;
  await open(`/trace/${ODD.huge}`);
  const box = await page.locator(".waterfall-scroller").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const before = await nodes();
  // A picture of the moment before elements follow is taken in the page, where nothing is late.
  const told = page.evaluate(() => new Promise((done) => {
    const scroller = document.querySelector(".waterfall-scroller");
    scroller.addEventListener("scroll", () => setTimeout(() => requestAnimationFrame(() => {
      const edges = scroller.getBoundingClientRect();
      const inView = [...document.querySelectorAll(".waterfall-row")].filter((row) => row.getBoundingClientRect().bottom > edges.top && row.getBoundingClientRect().top < edges.bottom);
      const painted = [...document.querySelectorAll(".waterfall-bars")].filter((canvas) => canvas.getBoundingClientRect().bottom > edges.top && canvas.getBoundingClientRect().top < edges.bottom);
      const inked = painted.filter((canvas) => canvas.getContext("2d").getImageData(40, 0, 200, canvas.height).data.some((value) => value !== 0));
      done({ isMoving: scroller.hasAttribute("data-moving"), rows: inView.length, painted: painted.length, inked: inked.length });
    }), 30), { once: true });
  }));
  await page.mouse.wheel(0, 4000);
  const { isMoving, rows, painted, inked } = await told;
  assert.ok(isMoving);
  assert.ok(rows <= 2 && painted > 2 && inked === painted, JSON.stringify({ rows, painted, inked }));
  await page.locator(".waterfall-scroller:not([data-moving])").waitFor();
  await page.waitForFunction((first) => Number(document.querySelector(".waterfall-row").dataset.node) !== first, before[0]);
  assert.ok((await nodes()).length >= before.length - 4);
  await page.mouse.move(5, 5);
  const rested = await picture();
  await rowsAre("hidden");
  assert.ok(rested.equals(await picture()));
});

test("the row under the cursor has its element while the list moves, and keys move with all of them", options, async () => {
  const { page } = view;
  await open(`/trace/${ODD.huge}`);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  const id = await page.locator(".waterfall-scroller").getAttribute("aria-activedescendant");
  const box = await page.locator(".waterfall-scroller").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.wheel(0, 3000);
  await page.waitForTimeout(60);
  await page.mouse.wheel(0, -6000);
  await page.waitForTimeout(60);
  assert.equal(await page.locator(`#${id}`).count(), 1);
  await page.locator(".waterfall-scroller:not([data-moving])").waitFor();
  await page.keyboard.press("End");
  const last = await page.locator(".waterfall-scroller").getAttribute("aria-activedescendant");
  assert.notEqual(last, id);
  // No wheel: its row is there in the next frame.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  assert.equal(await page.locator(`#${last}`).count(), 1);
});

test("where the system chooses the colours, names are seen as elements", options, async () => {
  const { page } = view;
  await page.emulateMedia({ forcedColors: "active" });
  await open(`/trace/${FAILING}`);
  const whole = await picture();
  await rowsAre("hidden");
  assert.ok(!whole.equals(await picture()));
});
