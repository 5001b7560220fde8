// Owns the code of a trace's page: a trace is a click away where any is shown, so it is there before. Never loads a trace.
import { pageOnDemand } from "./pageOnDemand";

export const tracePage = pageOnDemand(() => import("./pages/TracePage"));

/** Loads the page's code when the browser has nothing else to do. */
export function loadTracePage(): void {
  // What does not come now is asked for again, and its absence said, when it is wanted.
  const load = (): void => void tracePage.load().catch(() => undefined);
  if (window.requestIdleCallback) window.requestIdleCallback(load);
  else setTimeout(load, 300);
}
