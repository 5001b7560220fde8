// Owns how long a number takes from the moment its request was acknowledged until the page that is live has painted it.
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const METRIC = "bench_live_number";

async function push(url, value) {
  const response = await fetch(`${url}/api/push`, { method: "POST", headers: { "Content-Type": "text/plain" }, body: `${METRIC}=${value}` });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return Date.now();
}

/**
 * Milliseconds of each of `times` numbers, on the chart of the explorer with a step a second over five minutes. The legend shows
 * the last value; what counts is the frame after the one in which it stands there.
 */
export async function acknowledgedToPixel(openPage, url, times) {
  const view = await openPage();
  const { page } = view;
  await push(url, 1);
  await page.goto(`${url}/metrics/explore?${new URLSearchParams({ a: METRIC, range: "5m", live: "on" })}`);
  await page.locator(".series-legend").waitFor();
  await sleep(2000);
  const lengths = [];
  for (let number = 0; number < times; number++) {
    const value = 1001 + number;
    const painted = page.evaluate((wanted) => new Promise((done) => {
      const look = () => {
        const isThere = [...document.querySelectorAll(".series-legend td, .series-legend span, .series-legend div")].some((cell) => cell.textContent.trim() === wanted);
        if (isThere) requestAnimationFrame(() => done(Date.now()));
        else requestAnimationFrame(look);
      };
      look();
    }), String(value));
    const acknowledged = await push(url, value);
    lengths.push((await painted) - acknowledged);
    // At no even distance from the server's seconds.
    await sleep(300 + ((number * 137) % 900));
  }
  await view.close();
  return lengths;
}
