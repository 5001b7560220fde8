// Owns starting the browser with a fresh profile, the server to look at (SPANLAKE_URL, or the mock), and the hooks by which
// tests get both.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach } from "node:test";
import { chromium } from "playwright-core";
import { startMock } from "../mock/server.mjs";

const ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export async function launchBrowser() {
  const profile = mkdtempSync(join(tmpdir(), "spanlake-browser-"));
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...ARGUMENTS, `--disk-cache-dir=${profile}`] });
  return {
    browser,
    close: async () => {
      await browser.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** The real server where SPANLAKE_URL says so (then `state` is null), otherwise a mock of its own. */
export async function openServer(options) {
  if (process.env.SPANLAKE_URL) return { url: process.env.SPANLAKE_URL.replace(/\/$/, ""), state: null, close: () => undefined };
  return startMock(options);
}

/** A page that remembers everything that went wrong in it. */
export async function openPage(browser, { width = 1440, height = 900, theme = "light", timezone, locale } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, deviceScaleFactor: 1, timezoneId: timezone, locale });
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  return { page, problems, close: () => context.close() };
}

/**
 * The hooks of a file of tests against the mock: one server and one browser for all, a fresh page for each. `given` gets
 * both before each test; `prepare` may change the server's state first.
 */
export function useMock(given, { prepare = () => undefined } = {}) {
  let mock;
  let browser;
  let view;
  before(async () => {
    mock = await startMock();
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    mock?.close();
  });
  beforeEach(async () => {
    prepare(mock);
    view = await openPage(browser.browser);
    view.page.setDefaultTimeout(10_000);
    given({ mock, view, browser: browser.browser });
  });
  afterEach(async () => {
    await view.close();
  });
}
