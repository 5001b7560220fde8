// Owns the table of statements by what they cost: sorted by five measures, found by text and schema, all in the address.
// Never sorts itself: the server does, as it alone knows all of them.
import { useMysqlDigests } from "../../api/mysqlQueries";
import type { MysqlDigest } from "../../api/mysqlTypes";
import { sparkline } from "../../layout/sparkline";
import { formatDuration } from "../../model/duration";
import { readRange } from "../../model/instant";
import { shortNumber } from "../../model/mysqlCharts";
import { DIGEST_SORTS, noIndexShare, perCall, readDigestSort, sharesOf, type DigestSort } from "../../model/mysqlDigests";
import { mysqlAddress, setParameters, useParameter, useSearch } from "../../router";
import { texts } from "../../texts";
import { ErrorNote } from "../ErrorNote";
import { percentText } from "../FigureTable";
import { Icon } from "../Icon";
import { Link } from "../Link";
import { LoadingNote } from "../LoadingNote";
import { useDelayedText } from "../useDelayedText";
import { SqlText } from "./SqlText";

const said = texts.mysqlPage.top;
const PAGE = 50;
const MOST = 500;
const SPARK = { width: 110, height: 22 };
/** Below this a scan now and then is no news. */
const SCAN_SHARE = 0.05;

export function DigestTable({ server, range }: { server: string; range: string }) {
  const [sortText] = useParameter("sort");
  const [schema] = useParameter("schema");
  const [text] = useParameter("q");
  const [limitText] = useParameter("limit");
  const limit = Math.min(MOST, Math.max(PAGE, Number(limitText) || PAGE));
  const find = useDelayedText("q", text ?? "");
  const sort = readDigestSort(sortText);
  const answer = useMysqlDigests({ server, range, sort, schema, text, limit });
  const digests = answer.data?.digests ?? [];
  const shares = sharesOf(digests, sort);
  const seconds = secondsOf(range);
  return (
    <div className="digests-view">
      <div className="digest-tools">
        <label className="search-field">
          <Icon name="search" size={14} />
          <input data-find value={find.text} placeholder={said.filter} aria-label={said.filter} spellCheck={false} autoComplete="off" onChange={(change) => find.change(change.target.value)} onKeyDown={(press) => press.key === "Escape" && press.currentTarget.blur()} />
        </label>
        <SchemaChoice schema={schema} digests={digests} />
        <div className="sort-choice" role="group" aria-label={said.sortLabel}>
          {DIGEST_SORTS.map((one) => <button key={one} type="button" className="button small-button" aria-pressed={sort === one} onClick={() => sortBy(one)}>{said.sort[one]}</button>)}
        </div>
      </div>
      {answer.error && !answer.data && <ErrorNote error={answer.error} retry={() => void answer.refetch()} />}
      {answer.isPending && !answer.error && <LoadingNote />}
      {answer.data && digests.length === 0 && <div className="nothing"><strong>{text || schema ? said.noMatch : said.none}</strong>{!text && !schema && <p className="muted">{said.noneHint}</p>}</div>}
      {digests.length > 0 && (
        <div className="digests" role="table" aria-label={texts.mysqlPage.tabs.statements}>
          <div className="digest-row head" role="row">
            {COLUMNS.map((column) => <HeadCell key={column} column={column} sort={sort} />)}
          </div>
          {digests.map((digest, place) => <DigestRow key={`${digest.schema} ${digest.digest}`} digest={digest} share={shares[place]} seconds={seconds} server={server} />)}
        </div>
      )}
      {digests.length >= limit && limit < MOST && <p className="card-more"><button type="button" className="text-button" onClick={() => setParameters({ limit: String(limit + PAGE) })}>{said.more}</button></p>}
    </div>
  );
}

const COLUMNS = ["text", "share", "total", "calls", "avg", "p95", "rows", "errors", "spark"] as const;
/** Columns that the server can sort by. */
const SORT_OF: Partial<Record<(typeof COLUMNS)[number], DigestSort>> = { total: "total_time", calls: "calls", p95: "p95", rows: "rows_examined", errors: "errors" };

function HeadCell({ column, sort }: { column: (typeof COLUMNS)[number]; sort: DigestSort }) {
  const own = SORT_OF[column];
  if (own === undefined) return <span role="columnheader" data-column={column}>{said.columns[column]}</span>;
  return (
    <span role="columnheader" data-column={column} aria-sort={own === sort ? "descending" : "none"}>
      <button type="button" onClick={() => sortBy(own)}>{said.columns[column]}{own === sort && <Icon name="down" size={12} />}</button>
    </span>
  );
}

function sortBy(sort: DigestSort): void {
  setParameters({ sort: sort === "total_time" ? null : sort });
}

function secondsOf(range: string): number {
  const read = readRange(range, Date.now());
  return read ? (read.endMs - read.startMs) / 1000 : 3600;
}

function DigestRow({ digest, share, seconds, server }: { digest: MysqlDigest; share: number; seconds: number; server: string }) {
  // Everything chosen stays in the address, so that the way back leads to the same list.
  const chosen = Object.fromEntries(new URLSearchParams(useSearch()));
  const scans = noIndexShare(digest);
  const line = sparkline(digest.sparkline, SPARK.width, SPARK.height - 1);
  const rows = perCall(digest.rows_examined, digest);
  return (
    <div className="digest-row" role="row" data-row>
      <span role="cell" data-column="text">
        <Link className="digest-link" href={mysqlAddress(server, { ...chosen, digest: digest.digest, in: digest.schema })}><SqlText text={digest.text} /></Link>
        <span className="digest-marks">
          {digest.schema !== "" && <span className="mode-pill">{digest.schema}</span>}
          {scans > SCAN_SHARE && <span className="warn-pill" title={said.fullScanHint(percentText(scans))}>{said.fullScan}</span>}
        </span>
      </span>
      <span role="cell" data-column="share" title={said.share(percentText(share))}><span className="share-bar" aria-hidden="true"><span style={{ width: `${share * 100}%` }} /></span><span className="figure-share">{percentText(share)}</span></span>
      <span role="cell" data-column="total">{formatDuration(digest.total_time_ns)}</span>
      <span role="cell" data-column="calls">{shortNumber(digest.calls / seconds)}</span>
      <span role="cell" data-column="avg">{formatDuration(digest.avg_ns)}</span>
      <span role="cell" data-column="p95">{digest.p95_ns === null ? <span className="faint">–</span> : formatDuration(digest.p95_ns)}</span>
      <span role="cell" data-column="rows">{rows === null ? "–" : shortNumber(rows)}</span>
      <span role="cell" data-column="errors">{digest.errors === 0 ? <span className="faint">–</span> : <span className="error-count">{shortNumber(digest.errors)}</span>}</span>
      <span role="cell" data-column="spark">
        <svg className="fleet-spark" viewBox={`0 0 ${SPARK.width} ${SPARK.height}`} preserveAspectRatio="none" aria-hidden="true" focusable="false"><path className="spark-area" d={line.area} /><path className="spark-line" d={line.line} /></svg>
      </span>
    </div>
  );
}

/** Schemas that are on screen, and the chosen one also when it is not. */
function SchemaChoice({ schema, digests }: { schema: string | null; digests: readonly MysqlDigest[] }) {
  const names = [...new Set([...digests.map((one) => one.schema), ...(schema === null ? [] : [schema])])].filter((name) => name !== "").sort();
  return (
    <select aria-label={said.schema} value={schema ?? ""} onChange={(change) => setParameters({ schema: change.target.value || null })}>
      <option value="">{said.anySchema}</option>
      {names.map((name) => <option key={name} value={name}>{name}</option>)}
    </select>
  );
}
