// Owns what is measured of whole pages: when their largest part is painted, how much comes over the wire for the first of
// them, and a chart and a dashboard of the size that the targets name.
import { traceIdOf } from "./feed.mjs";
import { measureFrames } from "./frames.mjs";

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const GAUGE = "bench_load_percent";

export const PAGES = [
  ["traces", "/"], ["trace", `/trace/${traceIdOf(1000)}`], ["flame", `/trace/${traceIdOf(1000)}?tab=flame`], ["compare", `/compare?a=${traceIdOf(1000)}&b=${traceIdOf(1000)}`], ["file", "/file"],
  ["services", "/services"], ["service", "/services/checkout"], ["map", "/map"], ["logs", "/logs"], ["metrics", "/metrics/explore"],
  ["chart", `/metrics/explore?${new URLSearchParams({ a: GAUGE, range: "3h" })}`], ["dashboards", "/boards"], ["dashboard", "/boards/services"], ["sql", "/sql"], ["sampling", "/sampling"],
];

/** Milliseconds from the start of loading, nothing cached, until the largest element was painted. */
export async function largestPaint(openPage, url, path) {
  const view = await openPage();
  await view.page.addInitScript(() => {
    window.benchPaint = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.benchPaint = entry.startTime;
    }).observe({ type: "largest-contentful-paint", buffered: true });
  });
  await view.page.goto(url + path);
  await view.page.waitForLoadState("networkidle");
  await sleep(400);
  const at = await view.page.evaluate(() => window.benchPaint);
  await view.close();
  return at;
}

/** Bytes over the wire of everything that the list of traces loads but data. */
export async function firstViewBytes(openPage, url) {
  const view = await openPage();
  const client = await view.page.context().newCDPSession(view.page);
  const asked = new Map();
  let bytes = 0;
  client.on("Network.requestWillBeSent", ({ requestId, request }) => asked.set(requestId, new URL(request.url).pathname));
  client.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (!/^\/(api|tempo|prometheus)\//.test(asked.get(requestId) ?? "/api/")) bytes += encodedDataLength;
  });
  await client.send("Network.enable");
  await view.page.goto(`${url}/`);
  await view.page.waitForLoadState("networkidle");
  await view.close();
  return bytes;
}

/** 60 series × 1,000 points: along it with the pointer, in and out, to and fro. */
export async function chartFrames(openPage, url) {
  const view = await openPage();
  const { page } = view;
  await page.goto(`${url}/metrics/explore?${new URLSearchParams({ a: GAUGE, range: "3h" })}`);
  await page.locator(".chart-area .u-over").first().waitFor();
  await page.waitForLoadState("networkidle");
  const box = await page.locator(".chart-area .u-over").first().boundingBox();
  const middle = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width / 2, middle);
  await sleep(800);
  const turn = async (key, x, y, times) => {
    await page.keyboard.down(key);
    for (let step = 0; step < times; step++) {
      await page.mouse.wheel(x, y);
      await sleep(16);
    }
    await page.keyboard.up(key);
  };
  const frames = await measureFrames(page, async () => {
    for (let step = 0; step < 40; step++) {
      await page.mouse.move(box.x + box.width * (0.2 + step * 0.015), middle);
      await sleep(16);
    }
    await turn("Control", 0, -40, 30);
    await turn("Shift", 60, 0, 30);
    await turn("Control", 0, 40, 25);
  });
  await view.close();
  return frames;
}

const COLOURS = ["red", "yellow"];

/** A board of twenty panels over the same gauge, as one would keep it. */
export function benchBoard() {
  const panels = Array.from({ length: 20 }, (_, index) => ({
    id: `p${index}`, title: `Panel ${index}`, kind: index % 5 === 4 ? "stat" : "timeseries", x: (index % 4) * 6, y: Math.floor(index / 4) * 4, w: 6, h: 4, unit: "%",
    queries: [{ promql: index % 2 === 0 ? `avg(${GAUGE})` : `${GAUGE}{line=~"line-${index}|line-${index + 20}"}`, legend: "{{line}}" }],
    thresholds: COLOURS.map((colour, place) => ({ value: 90 - 10 * place, colour })).reverse(),
  }));
  return { version: 1, title: "Bench", range: "3h", panels };
}

/** Milliseconds from the click in the list of dashboards until every panel of the twenty is drawn. */
export async function boardComplete(openPage, url) {
  const view = await openPage({ height: 1100 });
  const { page } = view;
  await page.goto(`${url}/boards`);
  const link = page.locator('a[href^="/boards/bench-board"]').first();
  await link.waitFor();
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => {
    window.benchDone = new Promise((done) => {
      addEventListener("click", (click) => {
        const isDrawn = (panel) => panel.querySelector(".u-over, .stat") !== null;
        const look = () => {
          const panels = [...document.querySelectorAll("article.panel")];
          if (panels.length >= 20 && panels.every(isDrawn)) done(performance.now() - click.timeStamp);
          else requestAnimationFrame(look);
        };
        look();
      }, { capture: true, once: true });
    });
  });
  await link.click();
  const at = await Promise.race([page.evaluate(() => window.benchDone), sleep(20_000).then(() => NaN)]);
  await view.close();
  return at;
}
