// Owns pictures of every page, wide and narrow, light and dark, into the folder named by SHOTS (default: a temporary one).
// SHOTS_ONLY=trace takes only those whose name holds the text; SHOTS_LANGUAGE=zh-CN reads another language than English.
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { teamBoards } from "../mock/boardSamples.mjs";
import { FAILING, HEALTHY, ODD } from "../mock/store.mjs";
import { launchBrowser, openPage } from "./launch.mjs";
import { startMock } from "../mock/server.mjs";

const folder = process.env.SHOTS ?? join(tmpdir(), "spanlake-shots");
mkdirSync(folder, { recursive: true });

const STATEMENT = "select date_bin(interval '1 minute', start_time) as minute, count(*) as spans\nfrom spans group by 1 order by 1";
const MYSQL = "/mysql/db-1%3A3306";
const VIEWS = [
  { name: "traces", path: "/" },
  { name: "traces-searching", path: "/", stepMs: 400 },
  { name: "traces-facets", path: "/?facets=on" },
  { name: "traces-differences", path: "/?sel=__error&diff=on" },
  { name: "map", path: "/map?view=map" },
  { name: "map-node", path: "/map?node=checkout" },
  { name: "map-table", path: "/map?view=table&of=calls" },
  { name: "trace", path: `/trace/${FAILING}` },
  { name: "trace-span", path: `/trace/${FAILING}?q=${encodeURIComponent("kind=server shop.Payment")}`, keys: ["n", "Enter"] },
  { name: "trace-critical", path: `/trace/${FAILING}?critical=on&q=shop.Payment` },
  { name: "trace-logs", path: `/trace/${FAILING}?tab=logs` },
  { name: "trace-loglines", path: `/trace/${FAILING}?logs=on`, keys: ["End"] },
  { name: "trace-skew", path: `/trace/${ODD.skew}`, keys: ["j", "j", "j", "Enter"] },
  { name: "trace-table", path: `/trace/${FAILING}?tab=table` },
  { name: "trace-spans", path: `/trace/${FAILING}?tab=table&by=span` },
  { name: "trace-flame", path: `/trace/${FAILING}?tab=flame&q=payment` },
  { name: "trace-colours", path: `/trace/${FAILING}?colour=operation` },
  { name: "trace-graph", path: `/trace/${FAILING}?tab=graph` },
  { name: "trace-graph-operations", path: `/trace/${FAILING}?tab=graph&by=operation` },
  { name: "trace-usual", path: `/trace/${HEALTHY}?tab=table&by=usual` },
  { name: "trace-flame-huge", path: `/trace/${ODD.huge}?tab=flame` },
  { name: "trace-menu", path: `/trace/${FAILING}`, click: ".menu-holder button" },
  { name: "trace-noroot", path: `/trace/${ODD.noRoot}` },
  { name: "trace-cycle", path: `/trace/${ODD.cycle}` },
  { name: "trace-negative", path: `/trace/${ODD.negative}` },
  { name: "trace-script", path: `/trace/${ODD.script}?q=` },
  { name: "trace-deep", path: `/trace/${ODD.deep}` },
  { name: "trace-huge", path: `/trace/${ODD.huge}?zoom=30000000000-30100000000` },
  { name: "compare", path: `/compare?a=${HEALTHY}&b=${FAILING}` },
  { name: "compare-choose", path: `/compare?a=${HEALTHY}` },
  { name: "file", path: "/file" },
  { name: "services", path: "/services" },
  { name: "service", path: "/services/checkout" },
  { name: "logs", path: "/logs" },
  { name: "logs-record", path: "/logs?level=warn", keys: ["j", "j", "j"] },
  { name: "metrics", path: "/metrics/explore" },
  { name: "metrics-histogram", path: "/metrics/explore?name=http.server.request.duration" },
  { name: "metrics-counter", path: "/metrics/explore?name=app.orders.placed&compare=1d" },
  { name: "metrics-formula", path: `/metrics/explore?${new URLSearchParams({ a: "sum by (job) (process_memory_usage_bytes)", b: "sum(rate(app_orders_placed_total[$__rate_interval]))", c: "= sum(A) / 2", hide: "b", draw: "stacked" })}` },
  { name: "metrics-error", path: `/metrics/explore?${new URLSearchParams({ a: "sum(rate(foo[5m]) by" })}` },
  { name: "metrics-outlook", path: "/metrics/explore?name=process.cpu.utilization&unusual=on&forecast=on&a=avg(process_cpu_utilization_ratio)" },
  { name: "metrics-bars", path: `/metrics/explore?${new URLSearchParams({ a: 'sum by (app_payment_card_type) (increase(app_orders_placed_total{app_payment_card_type=~"visa|amex"}[$__rate_interval]))', draw: "bars" })}` },
  { name: "boards", path: "/boards" },
  { name: "board-services", path: "/boards/services" },
  { name: "board-service", path: "/boards/service?var-service=checkout" },
  { name: "board-spanlake", path: "/boards/spanlake" },
  { name: "board-mysql", path: "/boards/mysql" },
  { name: "board-hosts", path: "/boards/hosts" },
  { name: "board-edit", path: "/boards/mysql?edit=on" },
  { name: "board-panel", path: "/boards/mysql?edit=on", click: ".panel-tools button" },
  { name: "board-own-list", path: "/boards", boards: true },
  { name: "board-own", path: "/boards/team", boards: true },
  { name: "board-history", path: "/boards/team", boards: true, click: "[aria-label='History']" },
  { name: "board-version", path: "/boards/team?version=2", boards: true },
  { name: "board-version-none", path: "/boards/team?version=99", boards: true },
  { name: "board-file", path: "/boards/on-call", boards: true },
  { name: "board-kiosk", path: "/boards/team?kiosk=on", boards: true },
  { name: "mysql", path: "/mysql" },
  { name: "mysql-server", path: MYSQL },
  { name: "mysql-range", path: `${MYSQL}?range=1h` },
  { name: "mysql-running", path: `${MYSQL}?tab=now` },
  { name: "mysql-locks", path: `${MYSQL}?tab=locks` },
  { name: "mysql-statements", path: `${MYSQL}?tab=statements` },
  { name: "mysql-digest", path: `${MYSQL}?tab=statements&digest=d3a177c1b2d3a1&in=shop` },
  { name: "mysql-replication", path: "/mysql/db-3%3A3306?tab=replication" },
  { name: "mysql-innodb", path: `${MYSQL}?tab=innodb` },
  { name: "mysql-variables", path: `${MYSQL}?tab=variables` },
  { name: "mysql-events", path: `${MYSQL}?tab=events` },
  { name: "mysql-missing", path: "/mysql/reports%3A3306?tab=poller" },
  { name: "mysql-down", path: "/mysql/archive%3A3306" },
  { name: "sampling", path: "/sampling", sampling: true },
  { name: "sql", path: `/sql?run=1&q=${encodeURIComponent("select * from spans order by start_time desc limit 500")}` },
  { name: "sql-chart", path: `/sql?run=1&view=chart&q=${encodeURIComponent(STATEMENT)}` },
  { name: "sql-error", path: `/sql?run=1&q=${encodeURIComponent("select trace_id,\n  name\nfrm spans")}` },
  { name: "readme", path: `/trace/${FAILING}`, keys: ["e", "e", "e", "e", "e", "Enter"] },
  { name: "palette", path: "/", keys: ["Control+k"] },
  { name: "settings", path: "/", click: ".header-tools > button:nth-child(4)" },
  { name: "help", path: "/", keys: ["?"] },
];

/** A page that follows a long poll is never idle. */
const settled = (page, view) => (view.path.startsWith("/mysql") || view.stepMs ? page.waitForTimeout(1800) : page.waitForLoadState("networkidle"));

const mock = await startMock();
const { browser, close } = await launchBrowser();
const only = process.env.SHOTS_ONLY;
const themes = process.env.SHOTS_THEME ? [process.env.SHOTS_THEME] : ["light", "dark"];
const widths = process.env.SHOTS_WIDTH ? [Number(process.env.SHOTS_WIDTH)] : [1440, 390];
for (const theme of themes) {
  for (const width of widths) {
    const { page, problems, close: closePage } = await openPage(browser, { width, height: width === 390 ? 844 : 900, theme, locale: process.env.SHOTS_LANGUAGE });
    for (const view of [...VIEWS, { name: "empty", path: "/", empty: true }]) {
      if (only && !view.name.includes(only)) continue;
      Object.assign(mock.state, { empty: view.empty === true, sampling: view.sampling === true, searchStepMs: view.stepMs ?? 0, boards: view.boards ? teamBoards() : undefined });
      await page.goto(mock.url + view.path);
      await settled(page, view);
      if (view.click) await page.locator(view.click).first().click();
      for (const key of view.keys ?? []) await page.keyboard.press(key, { delay: 60 });
      if (view.keys) await settled(page, view);
      await page.waitForTimeout(350);
      await page.screenshot({ path: join(folder, `${view.name}-${width}-${theme}.png`) });
    }
    if (problems.length > 0) process.stdout.write(`problems at ${width} ${theme}:\n${[...new Set(problems)].join("\n")}\n`);
    await closePage();
  }
}
await close();
mock.close();
process.stdout.write(`pictures in ${folder}\n`);
