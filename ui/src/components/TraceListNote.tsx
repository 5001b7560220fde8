// Owns the line over the list: how many traces are shown, how far back was looked or is being looked, why live waits, and
// the ways to choose columns and go elsewhere.
import type { FoundSoFar } from "../api/traceListStream";
import { shortMoment, millisecondsOf } from "../model/instant";
import { formatDuration } from "../model/duration";
import { shortTraceId } from "../model/traceId";
import { SORTABLE, readTraceSort, type TraceColumn } from "../model/traceColumns";
import { addressOf, useParameter } from "../router";
import { texts } from "../texts";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { SavedSearches } from "./SavedSearches";
import { TraceColumnsMenu } from "./TraceColumnsMenu";
import { reachText, type Reach } from "./TraceListEnd";

interface TraceListNoteProps {
  count: number;
  reach: Reach | null;
  columns: readonly TraceColumn[];
  /** In another order than the server's, while there is more than is loaded. */
  isSorted: boolean;
  isLivePaused: boolean;
  /** Of a search that goes on; null while none does that one would notice. */
  found: FoundSoFar | null;
  error: Error | null;
  /** How long it took to find what is shown, and in how many files. */
  cost: { tookMs: number; filesRead?: number; filesTotal?: number } | null;
  onBackToNewest: () => void;
}

export function TraceListNote({ count, reach, columns, isSorted, isLivePaused, found, error, cost, onBackToNewest }: TraceListNoteProps) {
  const words = texts.explore.list;
  return (
    <div className="list-note">
      <span>{texts.traces.shown(count)}{(reach || found) && count > 0 ? "+" : ""}{isSorted && <span className="muted">, {words.sortedLoaded}</span>}</span>
      {found && <SearchGoesOn found={found} />}
      {!found && reach?.isPartial && reach.backToMs !== null && <span className="warn-text" role="status">{(reach.isStopped ? words.stoppedAt : texts.traces.searchedBackTo)(reachText(reach))}</span>}
      {isLivePaused && (
        <span className="live-paused" role="status">
          <span className="warn-text">{words.livePaused}</span> <button type="button" className="text-button" onClick={onBackToNewest}>{words.backToNewest}</button>
        </span>
      )}
      {error && <span className="field-error" role="status">{error.message}</span>}
      {!found && cost && (
        <span className="faint search-cost" title={cost.filesTotal ? texts.sql.files(cost.filesRead ?? 0, cost.filesTotal) : undefined}>{texts.sql.took(formatDuration(Math.max(Math.round(cost.tookMs), 1) * 1e6))}</span>
      )}
      <span className="toolbar-gap" />
      <Comparing />
      <NarrowSort />
      <SavedSearches />
      <TraceColumnsMenu columns={columns} />
      <Link className="text-button" href={addressOf("/compare")}>{texts.compare.title}</Link>
      <Link className="text-button" href={addressOf("/file")}>{texts.files.openFile}</Link>
    </div>
  );
}

/** How far it has come, and a way to end it. What is said changes with every piece, so that a reader of screens is told only that it goes on. */
function SearchGoesOn({ found: { progress, stop } }: { found: FoundSoFar }) {
  const words = texts.explore.list;
  const backTo = progress?.searched_back_to ? shortMoment(millisecondsOf(progress.searched_back_to), Date.now()) : null;
  return (
    <span className="search-goes-on">
      <span className="spinner" aria-hidden="true" />
      <span className="sr-only" role="status">{words.searching}</span>
      <span className="search-progress">
        {backTo === null ? words.searching : words.searchedSoFar(backTo)}
        {progress && progress.files_total > 0 && <span className="search-files">{words.comma}{texts.sql.files(progress.files_read, progress.files_total)}</span>}
      </span>
      <button type="button" className="text-button" onClick={stop}>{words.stop}</button>
    </span>
  );
}

/** The trace that waits for the one to compare it with. */
function Comparing() {
  const [first, setFirst] = useParameter("compare");
  if (first === null) return null;
  return (
    <span className="comparing" role="status">
      {texts.explore.list.comparing(shortTraceId(first))}
      <button type="button" className="icon-button" title={texts.common.clear} aria-label={texts.common.clear} onClick={() => setFirst(null)}><Icon name="close" size={12} /></button>
    </span>
  );
}

/** On a phone there is no head to sort by. */
function NarrowSort() {
  const [sortText, setSort] = useParameter("sort");
  const { column } = readTraceSort(sortText);
  return (
    <select className="narrow-sort" aria-label={texts.explore.list.sort} value={column} onChange={(change) => setSort(change.target.value === "start" ? null : `${change.target.value === "root" ? "" : "-"}${change.target.value}`)}>
      {SORTABLE.map((one) => (
        <option key={one} value={one}>{texts.traces.columns[one]}</option>
      ))}
    </select>
  );
}
