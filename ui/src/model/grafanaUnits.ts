// Owns which of our units, colours and kinds of panel stand for Grafana's. Never reads a dashboard.
import type { PanelKind, ThresholdColour } from "./board";

/** Ids of Grafana's units; undefined where we have none. Empty is a plain number. */
const UNITS: Record<string, string> = {
  "": "", none: "", short: "", string: "", locale: "", sishort: "", percent: "%", percentunit: "ratio",
  ns: "ns", µs: "us", us: "us", ms: "ms", s: "s", m: "min", h: "h", d: "d", dtdurationms: "ms", dtdurations: "s", clocks: "s", clockms: "ms",
  bytes: "By", decbytes: "By", kbytes: "KiBy", deckbytes: "KBy", mbytes: "MiBy", decmbytes: "MBy", gbytes: "GiBy", decgbytes: "GBy", bits: "bit", decbits: "bit",
  Bps: "By/s", binBps: "By/s", KBs: "KBy/s", KiBs: "KiBy/s", MBs: "MBy/s", MiBs: "MiBy/s", bps: "bit/s", binbps: "bit/s", Kbits: "kbit/s", Mbits: "Mbit/s", pps: "{packet}/s",
  reqps: "{request}/s", rps: "{read}/s", wps: "{write}/s", ops: "{operation}/s", iops: "{operation}/s", cps: "1/s", eps: "{event}/s", mps: "{message}/s", recps: "{record}/s", opm: "{operation}/min", rpm: "{read}/min", wpm: "{write}/min",
  hertz: "Hz", rothz: "Hz", rotrpm: "{rotation}/min", lengthm: "m", celsius: "Cel", volt: "V", amp: "A", watt: "W", joule: "J", currencyUSD: "USD", currencyEUR: "EUR", currencyGBP: "GBP",
};

export function unitFromGrafana(id: string): string | null {
  if (Object.hasOwn(UNITS, id)) return UNITS[id];
  const custom = /^(?:suffix|prefix|si|count|currency):(.+)$/.exec(id);
  return custom ? custom[1].trim() : null;
}

/** Of named colours by their word, of others by where they lie on the wheel; null for none. */
export function colourFromGrafana(colour: string): ThresholdColour | null {
  if (/transparent|text/.test(colour)) return null;
  if (/green|blue/.test(colour)) return "green";
  if (/yellow|orange/.test(colour)) return "yellow";
  if (/red|purple/.test(colour)) return "red";
  const numbers = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})/i.exec(colour)?.slice(1).map((part) => parseInt(part, 16)) ?? /rgba?\((\d+),\s*(\d+),\s*(\d+)/.exec(colour)?.slice(1).map(Number);
  if (!numbers) return null;
  const [red, green, blue] = numbers;
  if (red > 150 && green > 100 && blue < Math.min(red, green)) return "yellow";
  return red > green && red > blue ? "red" : "green";
}

/** Plugins that draw what one of Grafana's own panels draws. */
const PLUGINS: readonly [RegExp, PanelKind][] = [[/singlestat|polystat/, "stat"], [/piechart|bubblechart/, "bar"], [/discrete-panel|statusmap/, "state"], [/gauge-panel/, "gauge"], [/text-?panel|html/, "text"]];

/** Ours for a kind of Grafana's: null where there is nothing like it, undefined where nobody knows it. */
export function kindFromGrafana(type: string): PanelKind | null | undefined {
  return Object.hasOwn(KINDS, type) ? KINDS[type] : PLUGINS.find(([name]) => name.test(type))?.[1];
}

/** Kinds that are ours under another name; null where there is nothing like it. */
const KINDS: Record<string, PanelKind | null> = {
  timeseries: "timeseries", graph: "timeseries", trend: "timeseries", stat: "stat", singlestat: "stat", gauge: "gauge", bargauge: "bar", barchart: "bar", piechart: "bar",
  table: "table", "table-old": "table", heatmap: "heatmap", histogram: "histogram", "state-timeline": "state", "status-history": "state", text: "text", row: "row",
  logs: null, traces: "traces", nodeGraph: "map", flamegraph: null, news: null, alertlist: null, dashlist: null, annolist: null, geomap: null, canvas: null, "welcome": null,
};

const RANGES: Record<string, string> = { "now-5m": "5m", "now-15m": "15m", "now-30m": "1h", "now-1h": "1h", "now-3h": "6h", "now-6h": "6h", "now-12h": "24h", "now-24h": "24h", "now-1d": "24h", "now-2d": "7d", "now-7d": "7d" };

export function rangeFromGrafana(from: string): string {
  return RANGES[from] ?? "1h";
}

/** `30s` in seconds. */
export function refreshFromGrafana(refresh: unknown): number | undefined {
  const match = typeof refresh === "string" ? /^(\d+)(s|m|h)$/.exec(refresh) : null;
  return match ? Number(match[1]) * { s: 1, m: 60, h: 3600 }[match[2] as "s"] : undefined;
}
