// Owns the page of SQL: the statement in the address, running it, remembering it. Never draws rows or an editor itself.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTableColumns } from "../api/queries";
import { CopyButton } from "../components/CopyButton";
import { SqlEditorField, type SqlEditorHandle } from "../components/SqlEditorField";
import { SqlResult } from "../components/SqlResult";
import { SqlSidebar } from "../components/SqlSidebar";
import { useTitle } from "../components/useTitle";
import { errorPlace, useSqlRun } from "../components/useSqlRun";
import { SQL_EXAMPLES } from "../model/sqlExamples";
import { explained } from "../model/sqlPlan";
import { readHistory, remember } from "../model/sqlHistory";
import { setParameters, useParameter } from "../router";
import { texts } from "../texts";
import "../styles/metrics.css";
import "../styles/sql.css";

const HISTORY_KEY = "spanlake.sqlHistory";

function storedHistory(): string | null {
  try {
    return localStorage.getItem(HISTORY_KEY);
  } catch {
    return null;
  }
}

export default function SqlPage() {
  useTitle(texts.sql.title);
  const [inAddress] = useParameter("q");
  const [runAtOnce] = useParameter("run");
  const editor = useRef<SqlEditorHandle>(null);
  const [initialText] = useState(inAddress ?? SQL_EXAMPLES[0].query);
  const written = useRef(inAddress);
  const [history, setHistory] = useState(() => readHistory(storedHistory()));
  const tables = useTableColumns();
  const { run, start, startWhole, cancel } = useSqlRun();
  const mark = useMemo(() => errorPlace(run), [run]);

  const execute = useCallback(
    (text: string) => {
      if (text.trim() === "") return;
      written.current = text;
      setParameters({ q: text, run: "1" }, "push");
      setHistory((before) => {
        const next = remember(before, text, Date.now());
        try {
          localStorage.setItem(HISTORY_KEY, JSON.stringify(next));
        } catch {
          // Without storage the history lasts as long as the page.
        }
        return next;
      });
      void start(text);
    },
    [start],
  );
  const runNow = (): void => execute(editor.current?.text() ?? "");

  const explainNow = (): void => {
    const text = explained(editor.current?.text() ?? "");
    editor.current?.setText(text);
    setParameters({ view: null });
    execute(text);
  };

  // A deep link runs at once; going back shows, and runs, what was there before.
  const isFirst = useRef(true);
  useEffect(() => {
    const changed = inAddress !== written.current;
    if (!isFirst.current && !changed) return;
    isFirst.current = false;
    written.current = inAddress;
    if (inAddress === null) return;
    editor.current?.setText(inAddress);
    if (runAtOnce === "1") void start(inAddress);
  }, [inAddress, runAtOnce, start]);

  return (
    <div className="sql-page">
      <h1 className="sr-only">{texts.sql.title}</h1>
      <SqlSidebar
        tables={tables.data}
        tablesFailed={tables.isError}
        history={history}
        statement={() => editor.current?.text() ?? ""}
        onInsert={(text) => editor.current?.insert(text)}
        onUse={(query) => {
          editor.current?.setText(query);
          execute(query);
        }}
      />
      <section className="sql-main">
        <SqlEditorField ref={editor} initialText={initialText} tables={tables.data} error={mark} onRun={runNow} onChange={() => undefined} />
        <div className="sql-actions">
          {run.isRunning ? (
            <button type="button" className="button" onClick={cancel}>{texts.sql.cancel}</button>
          ) : (
            <button type="button" className="button primary" onClick={runNow}>{texts.sql.run}</button>
          )}
          <button type="button" className="button" disabled={run.isRunning} title={texts.sql.explainHint} onClick={explainNow}>{texts.sql.explain}</button>
          <span className="faint small wide-only">{texts.sql.runHint}</span>
          <span className="toolbar-gap" />
          <CopyButton text={window.location.href} caption={texts.sql.copyLink} />
        </div>
        <SqlResult run={run} onWhole={(shown) => void startWhole(shown)} />
      </section>
    </div>
  );
}
