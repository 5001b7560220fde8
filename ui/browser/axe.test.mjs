// Scenario: every page as someone meets it who hears it, magnifies it or sees colours otherwise. Guarantees: axe finds nothing
// serious or critical on any page, in either theme, wide or narrow; also in what is opened over a page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { teamBoards } from "../mock/boardSamples.mjs";
import { FAILING, HEALTHY, ODD } from "../mock/store.mjs";
import { launchBrowser, openPage } from "./launch.mjs";
import { startMock } from "../mock/server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SQL = `/sql?run=1&q=${encodeURIComponent("select * from spans order by start_time desc limit 500")}`;

/** Path, and what is pressed or clicked once it is there. */
const VIEWS = [
  ["/"], ["/?facets=on"], ["/?sel=__error&diff=on"], ["/?service=nobody"], ["/map?view=map"], ["/map?node=checkout"], ["/map?view=table&of=calls"],
  [`/trace/${FAILING}`], [`/trace/${FAILING}?q=shop.Payment`, { keys: ["n", "Enter"] }], [`/trace/${FAILING}?critical=on&logs=on`], [`/trace/${FAILING}?tab=logs`], [`/trace/${FAILING}?tab=table`], [`/trace/${FAILING}?tab=table&by=span`],
  [`/trace/${FAILING}?tab=flame`], [`/trace/${FAILING}?tab=graph`], [`/trace/${FAILING}?colour=operation`], [`/trace/${FAILING}`, { click: ".colours-box > button" }], [`/trace/${ODD.noRoot}`], [`/trace/${ODD.skew}`], [`/trace/${ODD.cycle}`], [`/trace/${FAILING}`, { click: ".menu-holder button" }],
  [`/compare?a=${HEALTHY}&b=${FAILING}`], [`/compare?a=${HEALTHY}`], ["/file"], ["/services"], ["/services/checkout"], ["/logs"], ["/logs?level=warn", { keys: ["j", "j"] }],
  ["/metrics/explore"], ["/metrics/explore?name=http.server.request.duration"], ["/metrics/explore?name=app.orders.placed&compare=1d"], [`/metrics/explore?${new URLSearchParams({ a: "sum(rate(foo[5m]) by" })}`],
  ["/boards"], ["/boards/services"], ["/boards/hosts"], ["/boards/spanlake"], ["/boards/mysql?edit=on"], ["/boards/mysql?edit=on", { click: "[aria-label='Edit the panel']" }], ["/sampling"],
  ["/boards/team"], ["/boards/team?version=2"], ["/boards/team?version=99"], ["/boards/on-call"], ["/boards/team", { click: "[aria-label='History']" }],
  ...["/mysql", ...["overview", "now", "locks", "statements", "statements&digest=d3a177c1b2d3a1&in=shop", "innodb", "variables", "events"].map((tab) => `/mysql/db-1%3A3306?tab=${tab}`), "/mysql/db-3%3A3306?tab=replication", "/mysql/reports%3A3306?tab=poller", "/mysql/archive%3A3306"].map((path) => [path]),
  [`/trace/${FAILING}?embed=1`], ["/metrics/explore?name=http.server.request.duration&embed=1"], ["/boards/hosts?embed=1"], ["/", { keys: ["j", "c"] }],
  ["/sql"], [SQL], [`/sql?run=1&q=${encodeURIComponent("frm spans")}`], ["/", { keys: ["Control+k"] }], ["/", { keys: ["?"] }], ["/", { click: "[aria-label='Language and time zone']" }],
];

async function mistakesOf(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${one.id} (${one.help}): ${one.nodes.slice(0, 4).map((node) => `${node.target.join(" ")} ${node.any[0]?.message ?? ""}`).join(" · ")}${one.nodes.length > 4 ? ` and ${one.nodes.length - 4} more` : ""}`);
}

// Narrow, the pages as they open: what is opened over them is the same, and so are the colours.
const LOOKS = [[1440, "light", VIEWS], [1440, "dark", VIEWS], [390, "light", VIEWS.filter(([, more]) => more === undefined)]];

for (const [width, theme, views] of LOOKS) {
  test(`nothing serious at ${width} pixels, ${theme}`, { skip: process.env.SPANLAKE_URL ? "needs the mock's traces" : false }, async () => {
    const mock = await startMock();
    mock.state.sampling = true;
    mock.state.boards = teamBoards();
    const { browser, close } = await launchBrowser();
    const found = [];
    try {
      const { page } = await openPage(browser, { width, height: 900, theme });
      for (const [path, { keys = [], click } = {}] of views) {
        await page.goto(mock.url + path);
        // A page that follows a long poll is never idle.
        await (path.startsWith("/mysql") ? page.waitForTimeout(1500) : page.waitForLoadState("networkidle"));
        if (click) await page.locator(click).first().click();
        for (const key of keys) await page.keyboard.press(key, { delay: 40 });
        // What fades in is looked at when it is there.
        await page.waitForTimeout(250);
        for (const mistake of await mistakesOf(page)) found.push(`${path} ${click ?? keys.join(" ")}: ${mistake}`);
      }
    } finally {
      await close();
      mock.close();
    }
    assert.deepEqual(found, []);
  });
}
