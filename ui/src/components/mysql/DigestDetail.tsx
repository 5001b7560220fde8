// Owns one statement of a server: its text, figures, charts, plan, samples, and the services and traces that send it.
import { useMemo } from "react";
import { useMysqlDigest } from "../../api/mysqlQueries";
import type { MysqlDigest, MysqlDigestPoint, MysqlPlan } from "../../api/mysqlTypes";
import { formatDuration } from "../../model/duration";
import { dayAndTime, writeRange } from "../../model/instant";
import { shortNumber } from "../../model/mysqlCharts";
import { digestColumns, noIndexShare, perCall, plansByTime } from "../../model/mysqlDigests";
import { momentMs } from "../../model/mysqlRing";
import { setParameters } from "../../router";
import { texts } from "../../texts";
import { LineChart } from "../LineChart";
import { CopyButton } from "../CopyButton";
import { ErrorNote } from "../ErrorNote";
import { percentText } from "../FigureTable";
import { Icon } from "../Icon";
import { LoadingNote } from "../LoadingNote";
import { DigestSenders } from "./DigestSenders";
import { PlanSection } from "./PlanSection";
import { SampleTable } from "./SampleTable";
import { SqlText } from "./SqlText";

const said = texts.mysqlPage.top;

export function DigestDetail({ server, digest, schema, range }: { server: string; digest: string; schema: string; range: string }) {
  const answer = useMysqlDigest(server, schema, digest, range);
  const detail = answer.data;
  return (
    <div className="digest-detail">
      <p><button type="button" className="text-button" onClick={() => setParameters({ digest: null, in: null }, "push")}><Icon name="back" size={13} />{said.back}</button></p>
      {answer.error && !detail && <ErrorNote error={answer.error} retry={() => void answer.refetch()} />}
      {answer.isPending && !answer.error && <LoadingNote />}
      {detail && (
        <>
          <section className="mysql-card digest-head">
            <p className="digest-title">
              {detail.digest.schema !== "" && <span className="mode-pill">{detail.digest.schema}</span>}
              <span className="mono muted small cut">{detail.digest.digest}</span>
              <span className="muted small">{said.since(dayAndTime(momentMs(detail.digest.first_seen)).slice(0, 16), dayAndTime(momentMs(detail.digest.last_seen)).slice(0, 19))}</span>
              <span className="toolbar-gap" />
              <CopyButton text={detail.digest.text} label={said.copy} caption={texts.common.copy} />
            </p>
            <div className="digest-summary">
              <SqlText text={detail.digest.text} isBroken />
              <DigestFacts digest={detail.digest} />
            </div>
          </section>
          <DigestCharts points={detail.points} plans={detail.plans} />
          <section className="mysql-card" aria-label={texts.mysqlPage.plan.title}>
            <h2>{detail.plans.length > 1 ? texts.mysqlPage.plan.changes : texts.mysqlPage.plan.title}</h2>
            <PlanSection plans={detail.plans} points={detail.points} />
          </section>
          <DigestSenders detail={detail} />
          <section className="mysql-card" aria-label={said.samples}>
            <h2>{said.samples}</h2>
            <SampleTable samples={detail.samples} />
          </section>
        </>
      )}
    </div>
  );
}

function DigestFacts({ digest }: { digest: MysqlDigest }) {
  const time = (value: number | null): string => (value === null ? "–" : formatDuration(value));
  const each = (sum: number): string => shortNumber(perCall(sum, digest) ?? 0);
  const facts: [string, string, boolean?][] = [
    ["calls", shortNumber(digest.calls)], ["total", time(digest.total_time_ns)], ["avg", time(digest.avg_ns)], ["p95", time(digest.p95_ns)], ["p99", time(digest.p99_ns)], ["max", time(digest.max_ns)],
    ["lock", digest.total_time_ns > 0 ? percentText(digest.lock_time_ns / digest.total_time_ns) : "–"], ["examined", each(digest.rows_examined)], ["sent", each(digest.rows_sent)], ["affected", each(digest.rows_affected)],
    ["disk", shortNumber(digest.tmp_disk_tables)], ["noIndex", percentText(noIndexShare(digest)), noIndexShare(digest) > 0.05], ["errors", shortNumber(digest.errors), digest.errors > 0],
  ];
  return (
    <dl className="digest-facts">
      {facts.map(([key, value, isBad]) => <div key={key}><dt>{said.facts[key]}</dt><dd data-bad={isBad || undefined}>{value}</dd></div>)}
    </dl>
  );
}

const CHARTS = [["calls", "--service-0", shortOrDash], ["avg", "--service-1", timeOrDash], ["rows", "--service-2", shortOrDash], ["errors", "--error", shortOrDash]] as const;

function shortOrDash(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : shortNumber(value);
}

function timeOrDash(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : formatDuration(value);
}

function DigestCharts({ points, plans }: { points: readonly MysqlDigestPoint[]; plans: readonly MysqlPlan[] }) {
  const columns = useMemo(() => digestColumns(points), [points]);
  // Where one plan follows another the charts are marked: that is where to look.
  const marks = useMemo(() => plansByTime(plans).slice(0, -1).map((plan) => ({ seconds: momentMs(plan.first_seen) / 1000, label: texts.mysqlPage.plan.changes })), [plans]);
  const zoom = (from: number, to: number): void => setParameters({ range: writeRange({ startMs: from * 1000, endMs: to * 1000 }) }, "push");
  return (
    <div className="digest-charts">
      {CHARTS.map(([key, token, write]) => (
        <section key={key} className="mysql-card">
          <h2>{said.charts[key]}</h2>
          <OneChart seconds={columns.seconds} values={columns[key]} name={said.charts[key]} token={token} marks={marks} write={write} onZoom={zoom} />
        </section>
      ))}
    </div>
  );
}

function OneChart({ seconds, values, name, token, marks, write, onZoom }: { seconds: number[]; values: (number | null)[]; name: string; token: string; marks: { seconds: number; label: string }[]; write: (value: number | null | undefined) => string; onZoom: (from: number, to: number) => void }) {
  const lists = useMemo(() => [values], [values]);
  const names = useMemo(() => [name], [name]);
  const tokens = useMemo(() => [token], [token]);
  return <LineChart seconds={seconds} values={lists} names={names} tokens={tokens} marks={marks} label={name} height={160} write={write} onZoom={onZoom} />;
}
