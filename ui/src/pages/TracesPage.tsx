// Owns the list of traces: its filters (all in the address), whether it is live, and which state is shown.
// Never draws a row itself.
import { useDeferredValue, useMemo, useState } from "react";
import { ApiError } from "../api/client";
import { useStatus, useTraces, type TraceFilter } from "../api/queries";
import { EmptyStore } from "../components/EmptyStore";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { LoadingNote } from "../components/LoadingNote";
import { TraceFilters } from "../components/TraceFilters";
import { TraceList } from "../components/TraceList";
import { TraceScatter } from "../components/TraceScatter";
import { useShortcuts } from "../components/useShortcuts";
import { useTitle } from "../components/useTitle";
import { parseDuration } from "../model/duration";
import { dayAndTime, millisecondsOf } from "../model/instant";
import { addressOf, setParameters, useSearch } from "../router";
import { texts } from "../texts";

const LIMITS = [50, 100, 200, 500];
const DEFAULT_RANGE = "1h";

function readFilter(search: string): TraceFilter {
  const parameters = new URLSearchParams(search);
  const get = (name: string): string => parameters.get(name) ?? "";
  const duration = (name: string): string => (parseDuration(get(name)) === null ? "" : get(name));
  return {
    service: get("service"),
    operation: get("operation"),
    status: get("status"),
    minDuration: duration("min"),
    maxDuration: duration("max"),
    range: get("range") || DEFAULT_RANGE,
    limit: LIMITS.includes(Number(get("limit"))) ? Number(get("limit")) : LIMITS[0],
    internal: get("internal") === "true",
    query: get("filter"),
  };
}

export function TracesPage() {
  useTitle(texts.traces.title);
  const search = useSearch();
  const filter = useMemo(() => readFilter(search), [search]);
  const parameters = new URLSearchParams(search);
  const live = parameters.get("live") !== "off";
  const bySlowest = parameters.get("sort") === "slowest";
  const [atTop, setAtTop] = useState(true);
  const status = useStatus();
  const traces = useTraces(filter, live && atTop);
  const queryError = traces.error instanceof ApiError && traces.error.code === "invalid_query" ? traces.error : null;
  const list = useDeferredValue(traces.data?.traces);
  const sorted = useMemo(() => {
    if (!list || !bySlowest) return list ?? [];
    return [...list].sort((a, b) => Number(b.duration) - Number(a.duration));
  }, [list, bySlowest]);
  const toggleLive = (): void => setParameters({ live: live ? "off" : null });
  useShortcuts({ l: toggleLive });

  const isEmptyStore = status.data?.empty === true && !filter.internal && sorted.length === 0;
  if (status.data && isEmptyStore) return <EmptyStore status={status.data} />;

  return (
    <div className="traces-page">
      <h1 className="sr-only">{texts.traces.title}</h1>
      <TraceFilters filter={filter} live={live} onToggleLive={toggleLive} queryError={queryError} />
      {traces.error && !queryError && !traces.data && !status.isLoading && (
        <ErrorNote error={traces.error} retry={() => void traces.refetch()} />
      )}
      {queryError && !traces.data && <Nothing />}
      {traces.isPending && !traces.error && <LoadingNote />}
      {traces.data && (
        <>
          {sorted.length > 0 && <TraceScatter traces={sorted} range={filter.range} />}
          <div className="list-note">
            <span>{texts.traces.shown(sorted.length)}</span>
            {traces.data.searched_back_to && traces.data.next_cursor && (
              <span className="muted">{texts.traces.searchedBackTo(dayAndTime(millisecondsOf(traces.data.searched_back_to)).slice(0, 19))}</span>
            )}
            {traces.error && !queryError && <span className="field-error">{traces.error.message}</span>}
            <button type="button" className="text-button" onClick={() => setParameters({ sort: bySlowest ? null : "slowest" })}>
              {bySlowest ? texts.traces.slowestFirst : texts.traces.newestFirst}
            </button>
            <Link className="text-button" href={addressOf("/compare")}>{texts.compare.title}</Link>
            <Link className="text-button" href={addressOf("/file")}>{texts.files.openFile}</Link>
          </div>
          {sorted.length > 0 ? (
            <TraceList traces={sorted} onTopChange={setAtTop} more={moreButton(filter.limit, traces.data.next_cursor, sorted.length)} />
          ) : (
            <Nothing />
          )}
        </>
      )}
    </div>
  );
}

function moreButton(limit: number, nextCursor: string | null, count: number) {
  const next = LIMITS.find((candidate) => candidate > limit);
  if (next === undefined || (nextCursor === null && count < limit)) return null;
  return (
    <button type="button" className="button" onClick={() => setParameters({ limit: String(next) })}>
      {texts.traces.more}
    </button>
  );
}

function Nothing() {
  return (
    <div className="nothing">
      <strong>{texts.traces.nothing}</strong>
      <p className="muted">{texts.traces.nothingHint}</p>
      <button type="button" className="button" onClick={() => setParameters({ service: null, operation: null, status: null, min: null, max: null, filter: null, range: "24h" })}>
        {texts.traces.clearFilters}
      </button>
    </div>
  );
}
