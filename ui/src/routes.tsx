// Owns which page belongs to which address, and when its code comes. Never loads a page's data.
import type { ReactElement } from "react";
import { pageOnDemand } from "./pageOnDemand";
import TracesPage from "./pages/TracesPage";
import { tracePage } from "./tracePage";

const board = pageOnDemand(() => import("./pages/BoardPage"));
const boards = pageOnDemand(() => import("./pages/BoardsPage"));
const compare = pageOnDemand(() => import("./pages/ComparePage"));
const file = pageOnDemand(() => import("./pages/FilePage"));
const logs = pageOnDemand(() => import("./pages/LogsPage"));
const map = pageOnDemand(() => import("./pages/MapPage"));
const metrics = pageOnDemand(() => import("./pages/MetricsPage"));
const mysql = pageOnDemand(() => import("./pages/MysqlPage"));
const mysqlServer = pageOnDemand(() => import("./pages/MysqlServerPage"));
const sampling = pageOnDemand(() => import("./pages/SamplingPage"));
const service = pageOnDemand(() => import("./pages/ServicePage"));
const services = pageOnDemand(() => import("./pages/ServicesPage"));
const sql = pageOnDemand(() => import("./pages/SqlPage"));

/** Pages without a name in their address, by its beginning: the first that fits. */
const PLAIN = [
  ["/services", services], ["/boards", boards], ["/compare", compare], ["/file", file], ["/logs", logs], ["/map", map],
  ["/metrics", metrics], ["/mysql", mysql], ["/sampling", sampling], ["/sql", sql],
] as const;

export interface Route {
  element: ReactElement;
  /** Asks for the page's code. */
  load: () => Promise<void>;
}

export function routeOf(path: string): Route {
  const named = /^\/(trace|services|boards|mysql)\/([^/]+)\/?$/.exec(path);
  if (named) {
    const [, kind, raw] = named;
    const name = safeDecode(raw);
    if (kind === "trace") return { element: <tracePage.Page key={raw} traceIdInAddress={name} />, load: tracePage.load };
    if (kind === "services") return { element: <service.Page key={raw} service={name} />, load: service.load };
    if (kind === "boards") return { element: <board.Page key={raw} name={name} />, load: board.load };
    return { element: <mysqlServer.Page key={raw} name={name} />, load: mysqlServer.load };
  }
  const plain = PLAIN.find(([beginning]) => path.startsWith(beginning));
  if (!plain) return { element: <TracesPage />, load: () => Promise.resolve() };
  const [beginning, { Page, load }] = plain;
  return { element: <Page key={beginning} />, load };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
