// Owns what is measured of one trace: from the click to the first bar, frames while scrolling and zooming, memory.
import { traceIdOf } from "./feed.mjs";
import { measureFrames, pageMemory } from "./frames.mjs";

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** From the click on the trace in the list until the frame after its first bar is in the document, in milliseconds. */
export async function clickToFirstBar(page, url, spans) {
  await page.goto(`${url}/?service=bench-${spans}&range=24h`);
  const row = page.locator(`a[href^="/trace/${traceIdOf(spans)}"]`).first();
  await row.waitFor();
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => {
    window.benchBar = new Promise((done) => {
      addEventListener("click", (click) => {
        const watch = new MutationObserver(() => {
          // Bars are painted on one canvas, which says that it has some; the binary of an earlier page had elements.
          if (!document.querySelector(".waterfall-bars[data-painted], .waterfall-row .bar")) return;
          watch.disconnect();
          // The frame with the bar is painted when the task after it runs.
          requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => done(performance.now() - click.timeStamp);
            port2.postMessage(null);
          });
        });
        watch.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-painted"] });
      }, { capture: true, once: true });
    });
  });
  await row.click();
  const first = await page.evaluate(() => window.benchBar);
  await page.locator('.trace-page:not([aria-busy="true"])').waitFor({ timeout: 60_000 });
  return first;
}

async function wheel(page, times, x, y, modifier) {
  if (modifier) await page.keyboard.down(modifier);
  for (let step = 0; step < times; step++) {
    await page.mouse.wheel(x, typeof y === "function" ? y(step) : y);
    await sleep(16);
  }
  if (modifier) await page.keyboard.up(modifier);
}

/** Scrolling fast and slowly, jumping about by the bar, zooming in and out. */
export async function waterfallFrames(page) {
  const box = await page.locator(".waterfall-scroller").boundingBox();
  await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2);
  await sleep(500);
  return measureFrames(page, async () => {
    await wheel(page, 60, 0, 120);
    await wheel(page, 60, 0, 900);
    await wheel(page, 40, 0, (step) => (step < 20 ? -80 : -200), "Control");
    await wheel(page, 40, 0, (step) => (step < 20 ? 80 : 200), "Control");
  });
}

export async function measureTrace({ browser, openPage, url, spans, repeats }) {
  const clicks = [];
  let frames;
  let memory;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const view = await openPage();
    clicks.push(await clickToFirstBar(view.page, url, spans));
    if (repeat === repeats - 1) {
      await sleep(3000);
      frames = await waterfallFrames(view.page);
      memory = await pageMemory(browser, view.page);
    }
    await view.close();
  }
  return { spans, clicks, frames, memory };
}
