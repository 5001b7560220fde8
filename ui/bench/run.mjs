// Owns the run of `make bench-ui`: a server of its own that is fed, the measures one after another, and the table of them
// beside their targets, as Markdown.
//
//   SPANLAKE_BIN=…     the server to start; its own page is measured
//   BENCH_DIST=1       the page in ui/dist instead, before that server
//   BENCH_REPEAT=5     how often what is timed once is timed; the median counts
//   BENCH_ONLY=traces,pages,charts,live
//   BENCH_URL=http://…  a server that runs, for the explorer alone: 20,000 series of a day
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { launchBrowser, openPage } from "../browser/launch.mjs";
import { openDist } from "./dist.mjs";
import { sendGauge, sendTrace, sendTraffic } from "./feed.mjs";
import { firstChart } from "./explorer.mjs";
import { median, quantile } from "./frames.mjs";
import { benchBoard, boardComplete, chartFrames, firstViewBytes, largestPaint, PAGES } from "./pages.mjs";
import { acknowledgedToPixel } from "./live.mjs";
import { measureTrace } from "./traces.mjs";

const repeats = Number(process.env.BENCH_REPEAT ?? 5);
const only = (process.env.BENCH_ONLY ?? "traces,pages,charts,live").split(",");
const FIRST_BAR_MS = new Map([[1000, 150], [10_000, 200], [100_000, 300], [1_000_000, 500]]);
const rows = [];

/** `target` may not be passed; null where there is none. */
function row(what, value, target, write) {
  rows.push(`| ${what} | ${write(value)} | ${target === null ? "" : `≤ ${write(target)}`} | ${target === null ? "" : value <= target ? "reached" : "missed"} |`);
  process.stderr.write(`${rows.at(-1)}\n`);
}
const ms = (value) => `${value >= 20 ? Math.round(value) : value.toFixed(1)} ms`;
const megabytes = (value) => `${Math.round(value / 1e6)} MB`;
const kilobytes = (value) => `${Math.round(value / 1000)} kB`;

async function startServer() {
  const data = mkdtempSync(join(tmpdir(), "spanlake-bench-ui-"));
  const child = spawn(process.env.SPANLAKE_BIN, ["serve", "--data-dir", data, "--listen", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0"], { stdio: "ignore" });
  const portsFile = join(data, "ports.json");
  for (let tries = 0; !(existsSync(portsFile) && statSync(portsFile).size > 0); tries++) {
    if (tries > 100 || child.exitCode !== null) throw new Error("the server did not start");
    await new Promise((done) => setTimeout(done, 100));
  }
  const ports = JSON.parse(readFileSync(portsFile, "utf8"));
  const stop = () => new Promise((done) => {
    child.once("exit", () => {
      rmSync(data, { recursive: true, force: true });
      done();
    });
    child.kill("SIGTERM");
  });
  return { url: `http://${ports.listen}`, otlp: `http://${ports.otlp_http}`, stop };
}

async function measureTraces(browser, open, url) {
  for (const [spans, target] of FIRST_BAR_MS) {
    const { clicks, frames, memory } = await measureTrace({ browser, openPage: open, url, spans, repeats });
    const size = spans.toLocaleString("en-US");
    row(`${size} spans: click to first bar`, median(clicks), target, ms);
    row(`${size} spans: work a frame, scrolling and zooming, p95`, quantile(frames.work, 0.95), 8, ms);
    row(`${size} spans: gap between frames, p99`, quantile(frames.gaps, 0.99), 25, ms);
    row(`${size} spans: the page's process`, memory.process, spans === 1_000_000 ? 600e6 : null, megabytes);
  }
}

async function measurePages(open, url) {
  for (const [name, path] of PAGES) {
    const paints = [];
    for (let repeat = 0; repeat < Math.min(repeats, 3); repeat++) paints.push(await largestPaint(open, url, path));
    row(`${name}: largest contentful paint`, median(paints), 1000, ms);
  }
  row("first view over the wire", await firstViewBytes(open, url), 400_000, kilobytes);
}

async function measureCharts(open, url) {
  const frames = await chartFrames(open, url);
  row("60 series × 1,000 points: work a frame, pointing, panning and zooming, p95", quantile(frames.work, 0.95), 8, ms);
  row("60 series × 1,000 points: gap between frames, p99", quantile(frames.gaps, 0.99), 25, ms);
  const boards = [];
  for (let repeat = 0; repeat < repeats; repeat++) boards.push(await boardComplete(open, url));
  row("dashboard of 20 panels: click to the last one drawn", median(boards), 1500, ms);
}

async function measureLive(open, url) {
  const lengths = await acknowledgedToPixel(open, url, Math.max(repeats, 5) * 8);
  row("live: request acknowledged to pixel, p50", median(lengths), null, ms);
  row("live: request acknowledged to pixel, p95", quantile(lengths, 0.95), 1000, ms);
}

async function measureExplorer(open, url) {
  for (const [metric, range] of [["shop.requests", "1h"], ["shop.request.bytes", "6h"], ["process.memory.usage", "24h"], ["rpc.server.messages", "24h"]]) {
    const charts = [];
    for (let repeat = 0; repeat < repeats; repeat++) charts.push(await firstChart(open, url, metric, range));
    row(`first chart of ${metric} over ${range}: after the click`, median(charts), 500, ms);
  }
}

function print(browser) {
  process.stdout.write(`${cpus().length} cores, load ${loadavg()[1].toFixed(1)} over five minutes; ${browser.version()}\n\n| figure | measured | target | |\n|---|---:|---:|---|\n${rows.join("\n")}\n`);
}

if (process.env.BENCH_URL) {
  const { browser, close } = await launchBrowser();
  await measureExplorer((options) => openPage(browser, options), process.env.BENCH_URL);
  await close();
  print(browser);
  process.exit(0);
}
if (!process.env.SPANLAKE_BIN) throw new Error("SPANLAKE_BIN names the server to measure with");
const server = await startServer();
const door = process.env.BENCH_DIST ? await openDist(server.url) : null;
const { browser, close } = await launchBrowser();
try {
  await sendTraffic(server.otlp);
  if (only.includes("traces")) for (const spans of FIRST_BAR_MS.keys()) await sendTrace(server.otlp, spans);
  else await sendTrace(server.otlp, 1000);
  await sendGauge(server.otlp, "bench.load", 60, 1000, 10_000);
  const kept = await fetch(`${server.url}/api/boards/bench-board`, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(benchBoard()) });
  if (!kept.ok) throw new Error(`the dashboard was not kept: ${kept.status}`);
  const url = door?.url ?? server.url;
  const open = (options) => openPage(browser, options);
  if (only.includes("pages")) await measurePages(open, url);
  if (only.includes("charts")) await measureCharts(open, url);
  // The door to the page in ui/dist takes no WebSockets: the server's own page is measured.
  if (only.includes("live")) await measureLive(open, server.url);
  if (only.includes("traces")) await measureTraces(browser, open, url);
} finally {
  await close();
  door?.close();
  await server.stop();
}
print(browser);
