// Owns the line over the list: how many traces are shown, how far back was looked, why live waits, and the ways to
// choose columns and go elsewhere.
import { SORTABLE, readTraceSort, type TraceColumn } from "../model/traceColumns";
import { addressOf, useParameter } from "../router";
import { texts } from "../texts";
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
  error: Error | null;
  onBackToNewest: () => void;
}

export function TraceListNote({ count, reach, columns, isSorted, isLivePaused, error, onBackToNewest }: TraceListNoteProps) {
  const words = texts.explore.list;
  return (
    <div className="list-note">
      <span>{texts.traces.shown(count)}{reach && count > 0 ? "+" : ""}{isSorted && <span className="muted">, {words.sortedLoaded}</span>}</span>
      {reach?.isPartial && reach.backToMs !== null && <span className="warn-text" role="status">{texts.traces.searchedBackTo(reachText(reach))}</span>}
      {isLivePaused && (
        <span className="live-paused" role="status">
          <span className="warn-text">{words.livePaused}</span> <button type="button" className="text-button" onClick={onBackToNewest}>{words.backToNewest}</button>
        </span>
      )}
      {error && <span className="field-error" role="status">{error.message}</span>}
      <span className="toolbar-gap" />
      <NarrowSort />
      <SavedSearches />
      <TraceColumnsMenu columns={columns} />
      <Link className="text-button" href={addressOf("/compare")}>{texts.compare.title}</Link>
      <Link className="text-button" href={addressOf("/file")}>{texts.files.openFile}</Link>
    </div>
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
