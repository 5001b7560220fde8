// Owns the way from a region of the heatmap to the slowest trace in it. Asks only when it is pressed.
import { useState } from "react";
import { longestTrace } from "../api/traceQueries";
import { narrowedTo, type HeatSelection } from "../model/heatSelection";
import { readTraceFilter, type TraceFilter } from "../model/traceFilter";
import { navigate, traceAddress } from "../router";
import { texts } from "../texts";

/** The filter that the list would have, were only the selection shown. */
function filterOf(selection: HeatSelection, filter: TraceFilter): TraceFilter {
  const search = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(narrowedTo(selection, filter, window.location.search))) {
    if (value === null) search.delete(name);
    else search.set(name, value);
  }
  return readTraceFilter(search.toString());
}

export function OpenLongest({ selection, filter }: { selection: HeatSelection; filter: TraceFilter }) {
  const [state, setState] = useState<"idle" | "asking" | "none">("idle");
  const open = async (): Promise<void> => {
    setState("asking");
    const traceId = await longestTrace(filterOf(selection, filter)).catch(() => null);
    setState(traceId === null ? "none" : "idle");
    if (traceId !== null) navigate(traceAddress(traceId));
  };
  return (
    <button type="button" className="button small-button" disabled={state === "asking"} title={texts.explore.openLongestHint} onClick={() => void open()}>
      {state === "none" ? texts.traces.nothing : texts.explore.openLongest}
    </button>
  );
}
