// Owns how long a chart of the explorer takes from the click on a metric, on the store that BENCH_URL serves: the target names
// 20,000 series of a day, which `spanlake-bench --only points --keep` leaves.
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Milliseconds from the click on a metric's card until the frame with its chart; nothing of it was asked before by this page. */
export async function firstChart(openPage, url, metric, range) {
  const view = await openPage();
  const { page } = view;
  await page.goto(`${url}/metrics/explore?${new URLSearchParams({ range })}`);
  await page.locator(".metric-card").first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type(metric);
  const card = page.locator(".metric-card", { hasText: metric }).first();
  await card.waitFor();
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => {
    window.benchDone = new Promise((done) => {
      addEventListener("click", (click) => {
        const look = () => {
          if (document.querySelector(".explorer-chart .u-over") && document.querySelector(".series-legend")) requestAnimationFrame(() => done(performance.now() - click.timeStamp));
          else requestAnimationFrame(look);
        };
        look();
      }, { capture: true, once: true });
    });
  });
  await card.click();
  const at = await Promise.race([page.evaluate(() => window.benchDone), sleep(30_000).then(() => NaN)]);
  await view.close();
  return at;
}
