// Owns what is under the editor: the answer as a grid or a chart, its figures, downloads, or what went wrong.
import { useState } from "react";
import { ApiError } from "../api/client";
import { formatDuration } from "../model/duration";
import { formatBytes } from "../model/numbers";
import { readPlan } from "../model/sqlPlan";
import { planChart, type SqlAnswer } from "../model/sqlResult";
import { setParameters, useParameter } from "../router";
import { texts } from "../texts";
import { ErrorNote } from "./ErrorNote";
import { LoadingNote } from "./LoadingNote";
import { SqlChart } from "./SqlChart";
import { SqlGrid } from "./SqlGrid";
import { SqlPlan } from "./SqlPlan";
import { downloadSql, WHOLE_ROWS, type DownloadFormat, type SqlRun } from "./useSqlRun";

export function SqlResult({ run, onWhole }: { run: SqlRun; onWhole: (run: SqlRun) => void }) {
  const [view] = useParameter("view");
  if (run.error) {
    const { error } = run;
    const place = error instanceof ApiError && error.line !== undefined ? ` (${texts.sql.at(error.line, error.column ?? 1)})` : "";
    return <ErrorNote error={error} title={`${texts.common.failed}${place}`} />;
  }
  if (!run.answer) return run.isRunning ? <LoadingNote text={texts.sql.running} /> : <p className="nothing muted">{texts.sql.idle}</p>;
  const { answer } = run;
  const plan = readPlan(answer);
  const shown = view === "chart" && planChart(answer) ? "chart" : plan && view !== "table" ? "plan" : "table";
  return (
    <div className="sql-result" data-stale={run.isRunning || undefined}>
      <div className="sql-result-head">
        <div className="tabs" role="tablist" aria-label={texts.sql.views}>
          {plan && <button type="button" role="tab" aria-selected={shown === "plan"} onClick={() => setParameters({ view: null })}>{texts.sql.plan}</button>}
          <button type="button" role="tab" aria-selected={shown === "table"} onClick={() => setParameters({ view: plan ? "table" : null })}>{texts.sql.table}</button>
          <button type="button" role="tab" aria-selected={shown === "chart"} disabled={!planChart(answer)} onClick={() => setParameters({ view: "chart" })}>{texts.sql.chart}</button>
        </div>
        <Stats answer={answer} />
        {answer.stats.truncated && !answer.whole && <button type="button" className="button small-button" disabled={run.isRunning} onClick={() => onWhole(run)}>{texts.sql.showWhole(WHOLE_ROWS)}</button>}
        <Downloads query={run.query} />
      </div>
      {answer.rows.length === 0 ? <p className="nothing muted">{texts.sql.noRows}</p> : shown === "plan" && plan ? <SqlPlan plan={plan} /> : shown === "chart" ? <SqlChart answer={answer} /> : <SqlGrid answer={answer} />}
    </div>
  );
}

function Stats({ answer: { stats, warning } }: { answer: SqlAnswer }) {
  return (
    <p className="sql-stats" role="status">
      <strong>{texts.sql.rows(stats.rows)}</strong>
      <span>{texts.sql.took(formatDuration(stats.elapsed_ms * 1e6))}</span>
      {warning !== undefined && <span className="warn-text" title={warning}>{texts.sql.sampled}</span>}
      {stats.truncated && <span className="warn-text">{texts.sql.truncated}</span>}
      {stats.files_total !== undefined && stats.files_read !== undefined && <span className="stat-detail">{texts.sql.files(stats.files_read, stats.files_total)}</span>}
      {stats.bytes_scanned !== undefined && <span className="stat-detail">{texts.sql.scanned(formatBytes(stats.bytes_scanned))}</span>}
      {!!stats.row_groups_pruned && <span className="stat-detail">{texts.sql.rowGroups(stats.row_groups_pruned)}</span>}
      {!!stats.cache_hits && <span className="stat-detail">{texts.sql.fromCache(stats.cache_hits, stats.cache_hits + (stats.cache_misses ?? 0))}</span>}
    </p>
  );
}

const FORMATS: DownloadFormat[] = ["csv", "parquet", "arrow"];

function Downloads({ query }: { query: string }) {
  const [failed, setFailed] = useState(false);
  return (
    <div className="sql-downloads">
      {failed && <span className="field-error small">{texts.sql.downloadFailed}</span>}
      <select
        aria-label={texts.sql.download}
        value=""
        onChange={(change) => {
          setFailed(false);
          downloadSql(query, change.target.value as DownloadFormat).catch(() => setFailed(true));
        }}
      >
        <option value="" disabled>{texts.sql.download}</option>
        {FORMATS.map((format) => (
          <option key={format} value={format}>{format === "csv" ? "CSV" : format[0].toUpperCase() + format.slice(1)}</option>
        ))}
      </select>
    </div>
  );
}
