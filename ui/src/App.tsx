// Owns which page belongs to which address, and what lies round every page. Never loads a page's data.
import { lazy, Suspense, useSyncExternalStore } from "react";
import { LoadingNote } from "./components/LoadingNote";
import { PageBoundary } from "./components/PageBoundary";
import { EmbedShell } from "./components/EmbedShell";
import { Shell } from "./components/Shell";
import { isEmbedded } from "./embedded";
import { currentZone, subscribeToZone } from "./model/timeZone";
import { TracePage } from "./pages/TracePage";
import { TracesPage } from "./pages/TracesPage";
import { usePath } from "./router";

const BoardPage = lazy(() => import("./pages/BoardPage"));
const BoardsPage = lazy(() => import("./pages/BoardsPage"));
const ComparePage = lazy(() => import("./pages/ComparePage"));
const FilePage = lazy(() => import("./pages/FilePage"));
const LogsPage = lazy(() => import("./pages/LogsPage"));
const MapPage = lazy(() => import("./pages/MapPage"));
const MetricsPage = lazy(() => import("./pages/MetricsPage"));
const MysqlPage = lazy(() => import("./pages/MysqlPage"));
const MysqlServerPage = lazy(() => import("./pages/MysqlServerPage"));
const SamplingPage = lazy(() => import("./pages/SamplingPage"));
const ServicePage = lazy(() => import("./pages/ServicePage"));
const ServicesPage = lazy(() => import("./pages/ServicesPage"));
const SqlPage = lazy(() => import("./pages/SqlPage"));

function pageOf(path: string) {
  const trace = /^\/trace\/([^/]+)\/?$/.exec(path);
  if (trace) return <TracePage key={trace[1]} traceIdInAddress={safeDecode(trace[1])} />;
  const service = /^\/services\/([^/]+)\/?$/.exec(path);
  if (service) return <ServicePage key={service[1]} service={safeDecode(service[1])} />;
  if (path.startsWith("/services")) return <ServicesPage />;
  const board = /^\/boards\/([^/]+)\/?$/.exec(path);
  if (board) return <BoardPage key={board[1]} name={safeDecode(board[1])} />;
  if (path.startsWith("/boards")) return <BoardsPage />;
  if (path.startsWith("/compare")) return <ComparePage />;
  if (path.startsWith("/file")) return <FilePage />;
  if (path.startsWith("/logs")) return <LogsPage />;
  if (path.startsWith("/map")) return <MapPage />;
  if (path.startsWith("/metrics")) return <MetricsPage />;
  const mysqlServer = /^\/mysql\/([^/]+)\/?$/.exec(path);
  if (mysqlServer) return <MysqlServerPage key={mysqlServer[1]} name={safeDecode(mysqlServer[1])} />;
  if (path.startsWith("/mysql")) return <MysqlPage />;
  if (path.startsWith("/sampling")) return <SamplingPage />;
  if (path.startsWith("/sql")) return <SqlPage />;
  return <TracesPage />;
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function App() {
  const path = usePath();
  // Everything that shows a time is made anew when the zone changes.
  const zone = useSyncExternalStore(subscribeToZone, currentZone);
  const Around = isEmbedded ? EmbedShell : Shell;
  return (
    <Around>
      <PageBoundary key={path}>
        <Suspense key={zone} fallback={<LoadingNote />}>{pageOf(path)}</Suspense>
      </PageBoundary>
    </Around>
  );
}
