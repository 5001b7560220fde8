import { launchBrowser } from "./launch.mjs";
const { browser, close } = await launchBrowser();
for (const [scheme, width] of [["light",1440],["dark",1440],["light",390],["dark",390]]) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  for (const [name, path] of [["list","/"],["trace","/trace/210a4eba450468a10a0fa7f489b123ea"],["metrics","/metrics/explore"],["sql","/sql"]]) {
    await page.goto("http://127.0.0.1:4300" + path); await page.waitForTimeout(1200);
    if (name === "trace") { await page.locator(".waterfall-row").nth(5).click(); await page.waitForTimeout(500); }
    await page.screenshot({ path: "/tmp/shot-" + name + "-" + scheme + "-" + width + ".png" });
  }
  await context.close();
}
await close();
