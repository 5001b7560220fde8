// Owns asking for a page of traces so that it can be shown while it is found, and ending that early. Never caches. A
// server that answers in one piece is read in one piece.
import { ApiError, apiAddress, getResponse, piecesOf, type Parameters } from "./client";
import { TraceListReader } from "./traceListReader";
import type { SearchProgress, TraceList, TraceSummary } from "./types";

const LINES = "application/x-ndjson";

/** A page that is there sooner is shown at once and whole; what is shown in between would only flicker. */
const QUIET_MS = 200;
/** Until then rows of the search before stay where nothing was found yet: an empty list would flicker. */
const EMPTY_QUIET_MS = 600;
/** How often what was found since is shown. */
const SHOWN_EVERY_MS = 120;

export interface FoundSoFar {
  traces: readonly TraceSummary[];
  progress: SearchProgress | null;
  /** Ends the search; what was found by then is the page. */
  stop: () => void;
}

export interface ListPage extends TraceList {
  /** The reader ended the search: the page has no cursor, but goes on before `searched_back_to`. */
  isStopped?: boolean;
}

/** `onFound` is not called for what is found quickly. */
export async function fetchTraceList(parameters: Parameters, signal: AbortSignal, onFound: (found: FoundSoFar) => void): Promise<ListPage> {
  const stopping = new AbortController();
  const reader = new TraceListReader();
  const begun = performance.now();
  const show = (): void => {
    if (reader.traces.length === 0 && performance.now() - begun < EMPTY_QUIET_MS) return;
    onFound({ traces: [...reader.traces], progress: reader.progress, stop: () => stopping.abort() });
  };
  let shown: ReturnType<typeof setInterval> | undefined;
  const quiet = setTimeout(() => {
    show();
    shown = setInterval(show, SHOWN_EVERY_MS);
  }, QUIET_MS);
  try {
    const response = await getResponse(apiAddress("/api/traces", parameters), AbortSignal.any([signal, stopping.signal]), `${LINES}, application/json`);
    if (!response.headers.get("Content-Type")?.startsWith(LINES)) return (await response.json()) as TraceList;
    for await (const piece of piecesOf(response)) reader.add(piece);
  } catch (error) {
    if (!stopping.signal.aborted || signal.aborted) throw error;
    return { traces: reader.traces, next_cursor: null, searched_back_to: reader.progress?.searched_back_to ?? null, isStopped: true };
  } finally {
    clearTimeout(quiet);
    clearInterval(shown);
  }
  const list = reader.list();
  if (!list) throw new ApiError("unreachable", "the answer broke off", 0);
  return list;
}
