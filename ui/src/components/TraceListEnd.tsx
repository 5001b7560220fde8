// Owns what stands where the list of traces ends or is empty: more of it, a search that has not looked at everything
// yet, a page that failed, or nothing at all.
import { ApiError } from "../api/client";
import type { ListPage } from "../api/traceListStream";
import { NO_TRACE_FILTER } from "../model/traceFilter";
import { dayAndTime, millisecondsOf } from "../model/instant";
import { setParameters } from "../router";
import { texts } from "../texts";

export interface Reach {
  /** More of the same, or a search that stopped early: because it took too long, or because it was told to. */
  isPartial: boolean;
  isStopped: boolean;
  /** Milliseconds; null where the server does not say. */
  backToMs: number | null;
}

/** What lies behind the last page; null where nothing does. A page that is not full has not been looked for to its end. */
export function reachOf(last: ListPage | undefined, limit: number): Reach | null {
  const isStopped = last?.isStopped === true;
  if (!last || (last.next_cursor === null && !isStopped)) return null;
  return { isPartial: isStopped || last.traces.length < limit, isStopped, backToMs: last.searched_back_to === null ? null : millisecondsOf(last.searched_back_to) };
}

interface Pages {
  fetchNextPage: () => unknown;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  error: Error | null;
  backToFirst: () => void;
}

export const reachText = (reach: Reach): string => (reach.backToMs === null ? "" : dayAndTime(reach.backToMs).slice(0, 19));

export function MoreTraces({ pages, reach }: { pages: Pages; reach: Reach | null }) {
  if (!reach) return <span className="faint small">{texts.explore.list.end}</span>;
  return (
    <>
      {pages.isFetchNextPageError && <span className="field-error" role="alert">{texts.explore.list.moreFailed}: {pages.error?.message}</span>}
      {reach.isPartial && reach.backToMs !== null && <span className="muted small">{texts.explore.list.searchedUntil(reachText(reach))}</span>}
      <MoreButton pages={pages} reach={reach} />
    </>
  );
}

function MoreButton({ pages, reach }: { pages: Pages; reach: Reach }) {
  // A server that was started anew may not know the place any more: asking again would not help.
  if (pages.isFetchNextPageError && pages.error instanceof ApiError && pages.error.code === "invalid_cursor") {
    return <button type="button" className="button" onClick={pages.backToFirst}>{texts.explore.list.backToNewest}</button>;
  }
  const text = pages.isFetchNextPageError ? texts.common.retry : reach.isPartial ? texts.explore.list.searchFurther : texts.traces.more;
  return (
    <button type="button" className="button" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
      {pages.isFetchingNextPage && <span className="spinner late" aria-hidden="true" />}
      {text}
    </button>
  );
}

/** The field says where; this says that the list is not empty for want of traces. */
export function RefusedFilter({ message }: { message: string }) {
  return (
    <div className="nothing">
      <strong>{texts.explore.list.refused}</strong>
      <p className="muted">{message}</p>
      <button type="button" className="button" onClick={() => setParameters({ filter: null })}>
        {texts.explore.list.dropFilter}
      </button>
    </div>
  );
}

/** `reach` says whether there may be some further back. */
export function NoTraces({ reach, pages }: { reach: Reach | null; pages?: Pages }) {
  const words = texts.explore.list;
  return (
    <div className="nothing">
      <strong>{reach && reach.backToMs !== null ? words.nothingUntil(reachText(reach)) : reach?.isStopped ? words.nothingYet : texts.traces.nothing}</strong>
      <p className="muted">{reach?.isStopped ? words.stoppedHint : reach ? words.nothingUntilHint : texts.traces.nothingHint}</p>
      {reach && pages ? (
        <MoreButton pages={pages} reach={{ ...reach, isPartial: true }} />
      ) : (
        <button type="button" className="button" onClick={() => setParameters({ ...NO_TRACE_FILTER, range: "24h" })}>
          {texts.traces.clearFilters}
        </button>
      )}
    </div>
  );
}
