// Owns what the palette offers and what each entry does. Finding among them is model/palette.
import { useMysqlServers } from "../api/mysqlQueries";
import { useServices } from "../api/queries";
import { switchLanguage, readLanguage } from "../language";
import type { PaletteEntry } from "../model/palette";
import { savedSearches } from "../model/savedSearches";
import { recentTraces } from "../model/recentTraces";
import { chooseZone, currentZone } from "../model/timeZone";
import { normaliseTraceId, shortTraceId } from "../model/traceId";
import { addressOf, BOARDS_PATH, METRICS_PATH, MYSQL_PATH, mysqlAddress, navigate, serviceAddress, setParameters, traceAddress } from "../router";
import { switchTheme, currentTheme } from "../theme";
import { texts } from "../texts";

export interface RunnableEntry extends PaletteEntry {
  run: () => void;
}

const RECENT_SHOWN = 8;

function pageEntries(): RunnableEntry[] {
  const page = (title: string, path: string, note = ""): RunnableEntry => ({ id: `page ${path}`, group: "pages", title, note, run: () => navigate(addressOf(path)) });
  return [
    page(texts.nav.traces, "/", "g t"), page(texts.nav.services, "/services", "g v"), page(texts.mapPage.title, "/map", "g p"), page(texts.nav.logs, "/logs", "g l"),
    page(texts.nav.metrics, METRICS_PATH, "g m"), page(texts.nav.boards, BOARDS_PATH, "g d"), page(texts.mysqlPage.title, MYSQL_PATH, "g y"), page(texts.nav.sql, "/sql", "g s"), page(texts.samplingPage.title, "/sampling", "g a"), page(texts.palette.compare, "/compare"), page(texts.palette.file, "/file"),
  ];
}

function settingEntries(): RunnableEntry[] {
  const nextZone = currentZone() === "utc" ? "local" : "utc";
  const isInternal = new URLSearchParams(window.location.search).get("internal") === "true";
  const setting = (id: string, title: string, words: string, run: () => void): RunnableEntry => ({ id, group: "settings", title, words, run });
  return [
    setting("theme", currentTheme() === "dark" ? texts.header.themeToLight : texts.header.themeToDark, "theme dark light 主题", switchTheme),
    setting("language", texts.palette.language, "language english chinese 中文 语言", () => switchLanguage(readLanguage() === "en" ? "zh-CN" : "en")),
    setting("zone", texts.palette.zone(nextZone === "utc" ? texts.settings.utc : texts.settings.local), "time zone utc 时区", () => chooseZone(nextZone)),
    setting("internal", texts.palette.showInternal, "internal own telemetry", () => setParameters({ internal: isInternal ? null : "true" })),
  ];
}

export function usePaletteEntries(typed: string): RunnableEntry[] {
  const services = useServices(new URLSearchParams(window.location.search).get("internal") === "true").data ?? [];
  // Where no MySQL server is watched the route is missing, which is no matter here.
  const mysqlServers = useMysqlServers(false).data ?? [];
  const traceId = normaliseTraceId(typed);
  const typedTrace: RunnableEntry[] = traceId === null ? [] : [{ id: "typed", group: "traces", title: texts.palette.openTrace(traceId), words: typed, run: () => navigate(traceAddress(traceId)) }];
  const recent = recentTraces().slice(0, typed === "" ? RECENT_SHOWN : undefined).map((trace): RunnableEntry => ({ id: `trace ${trace.traceId}`, group: "traces", title: trace.title, note: shortTraceId(trace.traceId), words: trace.traceId, run: () => navigate(traceAddress(trace.traceId)) }));
  const ofServices = services.filter((service) => service.name !== "").flatMap((service): RunnableEntry[] => [
    { id: `service ${service.name}`, group: "services", title: service.name, run: () => navigate(serviceAddress(service.name, null)) },
    // Offered only to who types, as it would double the list.
    ...(typed === "" ? [] : [{ id: `logs ${service.name}`, group: "services" as const, title: texts.palette.logsOf(service.name), run: () => navigate(addressOf("/logs", { service: service.name })) }]),
  ]);
  const databases = mysqlServers.map((server): RunnableEntry => ({ id: `mysql ${server.name}`, group: "services", title: server.name, note: texts.mysqlPage.flavors[server.flavor], words: `mysql database ${server.version}`, run: () => navigate(mysqlAddress(server.name)) }));
  const saved = savedSearches().map((one): RunnableEntry => ({ id: `search ${one.name}`, group: "traces", title: texts.explore.saved.open(one.name), words: one.search, run: () => navigate(addressOf("/", Object.fromEntries(new URLSearchParams(one.search)))) }));
  return [...typedTrace, ...pageEntries(), ...saved, ...recent, ...ofServices, ...databases, ...settingEntries()];
}
