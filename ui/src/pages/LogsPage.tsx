// Owns the page of logs: its filters, whether it is live, which record is open (all in the address), and which state is
// shown. Never draws a row and never writes SQL.
import { useMemo, useRef, useState } from "react";
import { rangeNow, useLogList, useLogTail, useOlderLogs } from "../api/logQueries";
import { useStatus } from "../api/queries";
import { EmptyStore } from "../components/EmptyStore";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { LoadingNote } from "../components/LoadingNote";
import { LogFilters } from "../components/LogFilters";
import { LogHistogram } from "../components/LogHistogram";
import { LogList } from "../components/LogList";
import { LogRecordPanel } from "../components/LogRecordPanel";
import { useNarrow } from "../components/useNarrow";
import { useShortcuts } from "../components/useShortcuts";
import { useTitle } from "../components/useTitle";
import { nanosecondsText } from "../model/instant";
import { readLogFilter, type LogFilter } from "../model/logFilter";
import { listForSql } from "../model/logStatements";
import { addressOf, setParameters, useParameter, useSearch } from "../router";
import { texts } from "../texts";
import "../styles/logs.css";

/** Without what does not change which rows there are, so that opening a record asks for nothing. */
function useFilter(): LogFilter {
  const search = useSearch();
  const text = JSON.stringify(readLogFilter(search));
  return useMemo(() => JSON.parse(text) as LogFilter, [text]);
}

export default function LogsPage() {
  useTitle(texts.logsPage.title);
  const filter = useFilter();
  const [liveText] = useParameter("live");
  const [openKey] = useParameter("log");
  const live = liveText === "on" && !filter.range.includes("-");
  const [scrolledToTop, setAtTop] = useState(true);
  const search = useRef<HTMLInputElement>(null);
  const isNarrow = useNarrow();
  const status = useStatus();
  const list = useLogList(filter);
  const older = useOlderLogs(filter);
  // A list that has become empty tells nobody that it is at its top.
  const atTop = scrolledToTop || list.data?.rows.length === 0;
  const tail = useLogTail(filter, live && atTop && list.isSuccess && !list.isPlaceholderData);
  // Live goes on to now, which a range between two moments does not.
  const toggleLive = (): void => setParameters({ live: live ? null : "on", ...(filter.range.includes("-") ? { range: null } : {}) });
  const open = (key: string | null): void => setParameters({ log: key });
  useShortcuts({ l: toggleLive, "/": () => search.current?.focus() });

  const rows = list.data?.rows ?? [];
  if (status.data?.empty && !filter.internal && rows.length === 0) return <EmptyStore status={status.data} />;
  return (
    <div className="logs-page">
      <h1 className="sr-only">{texts.logsPage.title}</h1>
      <LogFilters filter={filter} live={live} onToggleLive={toggleLive} search={search} />
      <LogHistogram filter={filter} isLive={live} />
      {list.error && !list.data && <ErrorNote error={list.error} retry={() => void list.refetch()} />}
      {list.isPending && !list.error && <LoadingNote />}
      {list.data && (
        <>
          <ListNote filter={filter} count={rows.length} hasOlder={list.data.hasOlder} isPaused={live && !atTop} tailError={live ? tail.error : null} />
          <div className="logs-main">
            {rows.length === 0 ? <Nothing /> : <LogList list={list.data} openKey={openKey} onOpen={open} older={{ ...older, load: () => void older.load() }} onTopChange={setAtTop} isStale={list.isPlaceholderData} isNarrow={isNarrow} />}
            {openKey !== null && <LogRecordPanel recordKey={openKey} onClose={() => open(null)} />}
          </div>
        </>
      )}
    </div>
  );
}

interface ListNoteProps {
  filter: LogFilter;
  count: number;
  hasOlder: boolean;
  isPaused: boolean;
  tailError: Error | null;
}

function ListNote({ filter, count, hasOlder, isPaused, tailError }: ListNoteProps) {
  const { startMs, endMs } = rangeNow(filter.range);
  const statement = listForSql(filter, { startNs: nanosecondsText(startMs), endNs: nanosecondsText(endMs) });
  return (
    <div className="list-note">
      <span>{texts.logsPage.shown(count)}{hasOlder ? "+" : ""}, {texts.logsPage.newestFirst}</span>
      {isPaused && <span className="warn-text" role="status">{texts.logsPage.paused}</span>}
      {tailError && <span className="field-error" role="status" title={tailError.message}>{texts.logsPage.tailFailed}</span>}
      <Link className="text-button" href={addressOf("/sql", { q: statement })}>{texts.logsPage.openSql}</Link>
    </div>
  );
}

function Nothing() {
  return (
    <div className="nothing">
      <strong>{texts.logsPage.nothing}</strong>
      <p className="muted">{texts.logsPage.nothingHint}</p>
      <button type="button" className="button" onClick={() => setParameters({ service: null, level: null, q: null, attr: null, range: "24h", log: null })}>
        {texts.logsPage.clearFilters}
      </button>
    </div>
  );
}
