// Owns what lies round every page. Never loads a page's data.
import { Fragment, useEffect, useSyncExternalStore } from "react";
import { PageBoundary } from "./components/PageBoundary";
import { EmbedShell } from "./components/EmbedShell";
import { Shell } from "./components/Shell";
import { isEmbedded } from "./embedded";
import { currentZone, subscribeToZone } from "./model/timeZone";
import { routeOf } from "./routes";
import { usePath } from "./router";
import { loadTracePage } from "./tracePage";

/** By then the page that was asked for is there. */
const TRACE_PAGE_AFTER_MS = 3000;

export function App() {
  const path = usePath();
  // Everything that shows a time is made anew when the zone changes.
  const zone = useSyncExternalStore(subscribeToZone, currentZone);
  useEffect(() => {
    const later = setTimeout(loadTracePage, TRACE_PAGE_AFTER_MS);
    return () => clearTimeout(later);
  }, []);
  const Around = isEmbedded ? EmbedShell : Shell;
  return (
    <Around>
      <PageBoundary key={path}>
        <Fragment key={zone}>{routeOf(path).element}</Fragment>
      </PageBoundary>
    </Around>
  );
}
