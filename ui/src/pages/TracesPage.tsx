// Owns the list of traces: its filters (all in the address), whether it is live, and which state is shown.
// Never draws a row itself.
import { useDeferredValue, useMemo, useState } from "react";
import { ApiError } from "../api/client";
import { useStatus } from "../api/queries";
import { useTracePages } from "../api/traceQueries";
import { EmptyStore } from "../components/EmptyStore";
import { ErrorNote } from "../components/ErrorNote";
import { FacetColumn } from "../components/FacetColumn";
import { LoadingNote } from "../components/LoadingNote";
import { TraceDifferences } from "../components/TraceDifferences";
import { TraceFilters } from "../components/TraceFilters";
import { TraceList } from "../components/TraceList";
import { MoreTraces, NoTraces, reachOf, RefusedFilter } from "../components/TraceListEnd";
import { TraceListNote } from "../components/TraceListNote";
import { TracePicture } from "../components/TracePicture";
import { useShortcuts } from "../components/useShortcuts";
import { useTitle } from "../components/useTitle";
import { readSelection } from "../model/heatSelection";
import { readColumns, readTraceSort, rememberedColumns, sortTraces } from "../model/traceColumns";
import { readTraceFilter, type TraceFilter } from "../model/traceFilter";
import { setParameters, useParameter, useSearch } from "../router";
import { texts } from "../texts";

/** Without what does not change which traces there are, so that brushing or sorting asks for nothing. */
function useFilter(): TraceFilter {
  const text = JSON.stringify(readTraceFilter(useSearch()));
  return useMemo(() => JSON.parse(text) as TraceFilter, [text]);
}

export default function TracesPage() {
  useTitle(texts.traces.title);
  const filter = useFilter();
  const [liveText] = useParameter("live");
  const [sortText] = useParameter("sort");
  const [columnsText] = useParameter("columns");
  const [selectionText] = useParameter("sel");
  const [differs] = useParameter("diff");
  const live = liveText !== "off";
  const [scrolledToTop, setAtTop] = useState(true);
  const status = useStatus();
  const pages = useTracePages(filter, live && scrolledToTop);
  const queryError = pages.error instanceof ApiError && pages.error.code === "invalid_query" ? pages.error : null;
  const { found, isSearching, isFoundInstead } = pages;
  const loaded = found && isFoundInstead ? undefined : pages.data?.pages;
  const shown = useDeferredValue(useMemo(() => ({ pages: loaded, found }), [loaded, found]));
  const traces = useMemo(
    () => sortTraces(onlyOnce([...(shown.pages ?? []).map((page) => page.list.traces), shown.found?.traces ?? []].flat()), readTraceSort(sortText)),
    [shown, sortText],
  );
  const columns = readColumns(columnsText ?? rememberedColumns());
  const selection = readSelection(selectionText);
  const toggleLive = (): void => {
    if (!live) pages.backToFirst();
    setParameters({ live: live ? "off" : null });
  };
  useShortcuts({ l: toggleLive });

  if (status.data?.empty && !filter.internal && traces.length === 0) return <EmptyStore status={status.data} />;
  const reach = reachOf(shown.pages?.at(-1)?.list, filter.limit);
  const isPaged = (pages.data?.pages.length ?? 0) > 1 || reach?.isStopped === true;
  return (
    <div className="traces-page">
      <h1 className="sr-only">{texts.traces.title}</h1>
      <TraceFilters filter={filter} live={live} onToggleLive={toggleLive} queryError={queryError} />
      <div className="traces-body">
        <FacetColumn filter={filter} live={live && scrolledToTop} isRefused={queryError !== null} />
        <div className="traces-centre">
          <TracePicture filter={filter} traces={traces} live={live && scrolledToTop} isRefused={queryError !== null} />
          {pages.error && !queryError && !pages.data && !status.isLoading && <ErrorNote error={pages.error} retry={() => void pages.refetch()} />}
          {queryError && !pages.data && <RefusedFilter message={queryError.message} />}
          {pages.isPending && !found && !pages.error && <LoadingNote />}
          {(pages.data || (found && (isSearching || traces.length > 0))) && (
            <>
              <TraceListNote
                count={traces.length}
                reach={reach}
                columns={columns}
                isSorted={sortText !== null && (reach !== null || found !== null)}
                isLivePaused={live && isPaged}
                found={isSearching ? found : null}
                error={queryError || pages.isFetchNextPageError ? null : pages.error}
                cost={costOf(pages.data?.pages)}
                onBackToNewest={pages.backToFirst}
              />
              {traces.length > 0 ? (
                <TraceList traces={traces} columns={columns} onTopChange={setAtTop} more={<MoreTraces pages={pages} reach={reach} />} />
              ) : isSearching && found ? (
                <LoadingNote text={texts.explore.list.searching} />
              ) : (
                <NoTraces reach={reach} pages={pages} />
              )}
            </>
          )}
        </div>
        {selection && differs === "on" && <TraceDifferences filter={filter} selection={selection} />}
      </div>
    </div>
  );
}

/** Of all pages together; what files were read is said by the last one. */
function costOf(pages: readonly { tookMs: number; list: { files_read?: number; files_total?: number } }[] | undefined) {
  const last = pages?.at(-1)?.list;
  return pages && last ? { tookMs: pages.reduce((sum, page) => sum + page.tookMs, 0), filesRead: last.files_read, filesTotal: last.files_total } : null;
}

/** A trace that has grown since may come again on a later page. */
function onlyOnce<Trace extends { trace_id: string }>(traces: readonly Trace[]): Trace[] {
  const seen = new Set<string>();
  return traces.filter(({ trace_id }) => !seen.has(trace_id) && seen.add(trace_id));
}
