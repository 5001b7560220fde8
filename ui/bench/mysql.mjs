// Owns the pixel of `make bench-mysql`: the page of one MySQL server in Chromium, and a line on standard output for every
// number of connections that it paints, with the moment of the frame behind it. Ends with its input.
//
//   node bench/mysql.mjs http://127.0.0.1:4300 127.0.0.1:3306
import { launchBrowser, openPage } from "../browser/launch.mjs";

const [url, server] = process.argv.slice(2);
const { browser, close } = await launchBrowser();
const { page } = await openPage(browser);
await page.exposeFunction("benchPainted", (time, value) => process.stdout.write(`${JSON.stringify({ time, value })}\n`));
await page.goto(`${url}/mysql/${server}`);
await page.locator('[data-figure="connections"]').first().waitFor();
await page.evaluate(() => {
  let shown = null;
  const look = () => {
    const text = document.querySelector('[data-figure="connections"]')?.textContent ?? "";
    const value = Number.parseFloat(text);
    if (Number.isNaN(value) || value === shown) return;
    shown = value;
    // The first callback runs before the frame with the change is painted, the second behind it.
    requestAnimationFrame(() => requestAnimationFrame(() => window.benchPainted(performance.timeOrigin + performance.now(), value)));
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  look();
});
process.stdin.resume();
process.stdin.once("end", async () => {
  await close();
  process.exit(0);
});
